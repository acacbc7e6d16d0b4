# Installs BUILD below WORK, then configures, builds and runs the project in SOURCE against it.
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR}
  -DCMAKE_PREFIX_PATH=${WORK}/installed -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK}/build)

# The tasks come from the installed tree, not from the sources that it was built from.
set(ENV{FIRSTLIGHT_SHARE} ${WORK}/installed/share/firstlight)
run(${WORK}/build/downstream)
if(NOT output MATCHES "galaxy-morphology: 4 classes")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()

unset(ENV{FIRSTLIGHT_SHARE})
run(${WORK}/installed/bin/firstlight --version)
if(NOT output MATCHES "^firstlight [0-9]+\\.[0-9]+\\.[0-9]+\n$")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()
foreach(file share/man/man1/firstlight.1 share/bash-completion/completions/firstlight
             share/zsh/site-functions/_firstlight share/fish/vendor_completions.d/firstlight.fish)
  if(NOT EXISTS ${WORK}/installed/${file})
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()

# An installed tree may be moved: tasks and the embedded model are found beside the program.
file(RENAME ${WORK}/installed ${WORK}/moved)
run(${WORK}/moved/bin/firstlight task check lsbg)
if(NOT output MATCHES "^${WORK}/moved/share/firstlight/tasks/lsbg.yaml: valid\n")
  message(FATAL_ERROR "unexpected output: ${output}")
endif()
if(NOT EXISTS ${WORK}/moved/share/firstlight/models/firstlight-small/model.safetensors)
  message(FATAL_ERROR "the embedded model is not installed")
endif()
