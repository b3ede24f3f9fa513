#!/usr/bin/env bash
# arrows.sh ROOT: fails where an include, a comparison or a file breaks the rules of the house; prints each offence with its rule.
set -u
cd "$1" || exit 2
bad=0
sources() { find "$@" -type f \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) 2>/dev/null | sort; }
# forbid <rule> <pattern> <file...>
forbid() {
  local rule="$1" pattern="$2" rows
  shift 2
  [ "$#" -eq 0 ] && return
  rows=$(grep -HnE "$pattern" "$@" /dev/null)
  if [ -n "$rows" ]; then printf '%s:\n%s\n' "$rule" "$rows"; bad=1; fi
}
mapfile -t own < <(sources app ui render engine kernels tests)
mapfile -t engine < <(sources engine kernels)
mapfile -t window < <(sources ui render)
mapfile -t device < <(find kernels -name '*.cu' -o -name '*.cuh')
mapfile -t api < <(sources engine/api)
mapfile -t outside_systems < <(sources engine ui render app kernels | grep -v '^engine/systems/')
mapfile -t shared < <(sources engine kernels | grep -vE '^engine/(gan|systems|bench)/|^engine/kinds/generator\.h$')

forbid "parent-relative include" '^ *#include *"\.\./' "${own[@]}"
forbid "Qt, GL or ImGui in engine or kernels" '^ *#include *[<"](Q[A-Z]|Qt|GL/|GLES|imgui)' "${engine[@]}"
forbid "torch in ui or render" '^ *#include *[<"](torch|ATen|c10)/' "${window[@]}"
forbid "ui and render see engine/api only" '^ *#include *"(engine/(api/value_json|[^a]|a[^p]|ap[^i])|kernels/|verbs/)' "${window[@]}"
forbid "ATen in a .cu file" '^ *#include *[<"](torch|ATen|c10)/' "${device[@]}"
forbid "engine/api headers are std only" '^ *#include *[<"](torch|ATen|c10|Q[A-Z])' "${api[@]}"
ids=$(sed -n 's/^ORRERY_SYSTEM(\([a-z0-9_]*\)).*/\1/p' engine/catalogue.def | paste -sd'|')
[ -n "$ids" ] && forbid "a system's id compared outside engine/systems" "(==|!=) *\"($ids)\"" "${outside_systems[@]}"
forbid "Qt keywords" '^ *(public|private|protected)? *(slots|signals) *:|(^|[;{}]) *emit ' "${window[@]}"

entries=$(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u | grep -vxE 'CMakeLists\.txt|app|ui|render|engine|kernels|shaders|assets|tests|README\.md|LICENSE|\..*')
if [ -n "$entries" ]; then printf 'top-level entries outside the agreed list:\n%s\n' "$entries"; bad=1; fi
[ "$bad" -eq 0 ] && printf 'the arrows hold in %d files\n' "${#own[@]}"
exit "$bad"
