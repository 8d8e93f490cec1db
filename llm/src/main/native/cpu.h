/* Which vector instructions to use, and how one source becomes a variant for each of them. */
#ifndef PHX_CPU_H
#define PHX_CPU_H

/* Each contains what the ones before it have. The numbers are those of CpuIsa in Java. */
enum phx_isa {
  PHX_NONE = 0,
  PHX_AVX2 = 1,      /* with FMA and F16C */
  PHX_AVX512 = 2,    /* F, BW, VL, DQ */
  PHX_AVX512VNNI = 3, /* 8-bit dot products */
  PHX_AVX512BF16 = 4  /* products of bfloat16 pairs; the variants are those of VNNI */
};

/* The best that this processor and its operating system have. */
enum phx_isa phx_best_isa(void);

#define PHX_JOIN_(name, isa) name##_##isa
#define PHX_JOIN(name, isa) PHX_JOIN_(name, isa)

/* Within isa/: the name of this compilation's variant of a function. */
#define PHX_VARIANT(name) PHX_JOIN(name, PHX_ISA)

/* Declares the variants of a function that a file in isa/ defines. */
#define PHX_DECLARE(result, name, parameters) \
  result name##_avx2 parameters;              \
  result name##_avx512 parameters;            \
  result name##_avx512vnni parameters

/* The variant for one of the instruction sets but PHX_NONE. */
#define PHX_PICK(isa, name)               \
  ((isa) >= PHX_AVX512VNNI ? name##_avx512vnni \
   : (isa) == PHX_AVX512   ? name##_avx512     \
                           : name##_avx2)

/* The same for a function that has no use for 8-bit products, and so no variant for them. */
#define PHX_PICK_FLOAT(isa, name) ((isa) >= PHX_AVX512 ? name##_avx512 : name##_avx2)

#endif
