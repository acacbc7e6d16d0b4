# Writes a C++ source that holds text files as string constants (no tool beside CMake needed).
# cmake -DOUTPUT=x.cpp -DNAMESPACE=a::b -DFILES=name=path;name=path -P EmbedFiles.cmake
# Each name becomes `extern const std::string_view name`.
set(source "// Made by cmake/EmbedFiles.cmake; do not edit.\n#include <string_view>\n\nnamespace ${NAMESPACE} {\n")
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([A-Za-z0-9_]+)=(.+)$" matched "${entry}")
  if(NOT matched)
    message(FATAL_ERROR "EmbedFiles.cmake: '${entry}' is not name=path")
  endif()
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" content)
  if(content MATCHES "\\)embedded\"")
    message(FATAL_ERROR "EmbedFiles.cmake: ${CMAKE_MATCH_2} holds the closing mark of the literal")
  endif()
  string(APPEND source "extern const std::string_view ${name};\nconst std::string_view ${name} = R\"embedded(${content})embedded\";\n")
endforeach()
string(APPEND source "}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${source}")
