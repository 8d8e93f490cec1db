# What bench/placement and bench/serving share; sourced by them.
#
#   here, home   this directory and the clone
#   work         where the peers lie (BENCH_DIR, by default bench/target)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(dirname "$here")
work=${BENCH_DIR:-$here/target}
mkdir -p "$work"
work=$(cd "$work" && pwd)
ray_version=2.60.0

say() { printf '%s\n' "$*" >&2; }

ray_environment() {
  "$work/ray/bin/python" -c "import ray.serve; assert ray.__version__ == '$ray_version'" 2>/dev/null && return
  say "bench: installs Ray $ray_version ..."
  python3 -m venv "$work/ray"
  "$work/ray/bin/pip" install --quiet "ray[serve]==$ray_version"
}

phalanx_classpath() { # phalanx_classpath MODULE: sets `classpath` to the module's tests and all that they need, built
  local targets=$home/$1/target
  local file=$targets/bench.classpath
  if [ ! -s "$file" ] || [ -n "$(find "$home"/{pom.xml,*/pom.xml,*/src} -newer "$file" -type f -print -quit)" ]; then
    say "bench: builds Phalanx ..."
    rm -f "$file"
    mvn -B -q -Dstyle.color=never -f "$home/pom.xml" -Pbench -pl "$1" -am -DskipTests -Dspotless.check.skip=true package \
      dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile=target/bench.classpath >&2
  fi
  classpath=$targets/test-classes:$targets/classes:$(cat "$file")
}
