#!/usr/bin/env bash
# Compiles the CPU's kernels into the library that llm carries as a resource.
#
#   build.sh            writes the resource
#   build.sh FILE       writes FILE
#   build.sh --check    fails if a fresh build differs from the resource
#
# The bytes are the same on every machine with Debian 12's gcc 12.2 and binutils 2.40.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")"

resource=../resources/io/phalanx/llm/layers/cpu/linux-x86_64/libphalanx_kernels.so
cc=${CC:-gcc-12}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=(-std=gnu11 -O3 -g0 -fPIC -fvisibility=hidden -fno-math-errno -ffp-contract=off -fno-ident
  -fno-stack-protector -fcf-protection=none -ffile-prefix-map="$PWD=." -Wall -Wextra -Werror -I.)
avx2=(-march=x86-64 -mavx2 -mfma -mf16c)
avx512=("${avx2[@]}" -mavx512f -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512)
avx512vnni=("${avx512[@]}" -mavx512vnni)

compile() { # NAME SOURCE FLAGS...
  "$cc" "${flags[@]}" "${@:3}" -c "$2" -o "$work/$1.o" &
}

for source in *.c; do
  compile "${source%.c}" "$source" -march=x86-64 -mtune=generic
done
for source in isa/*.c; do
  name=$(basename "${source%.c}")
  compile "$name-avx2" "$source" -DPHX_ISA=avx2 "${avx2[@]}"
  compile "$name-avx512" "$source" -DPHX_ISA=avx512 "${avx512[@]}"
  compile "$name-avx512vnni" "$source" -DPHX_ISA=avx512vnni "${avx512vnni[@]}"
done
compile linear-avx512bf16 bf16/linear.c "${avx512vnni[@]}" -mavx512bf16
for job in $(jobs -p); do
  wait "$job"
done

objects=("$work"/*.o)
"$cc" -shared -s -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,defs -Wl,--gc-sections \
  -Wl,-soname,libphalanx_kernels.so -o "$work/library.so" "${objects[@]}" -lm
if [ "${1:-}" = --check ]; then
  cmp "$work/library.so" "$resource"
  printf 'The committed kernels are those of the sources.\n'
else
  install -D -m 644 "$work/library.so" "${1:-$resource}"
fi
