# firstlight_module(NAME SOURCES ... [PUBLIC targets...] [PRIVATE targets...])
# Defines the static library firstlight::NAME from src/NAME with its headers in include/firstlight/NAME.
function(firstlight_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(firstlight_${name} STATIC ${arg_SOURCES})
  add_library(firstlight::${name} ALIAS firstlight_${name})
  set_target_properties(firstlight_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(firstlight_${name} PUBLIC cxx_std_20)
  target_include_directories(firstlight_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  firstlight_warnings(firstlight_${name})
  target_link_libraries(firstlight_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY FIRSTLIGHT_TARGETS firstlight_${name})
endfunction()

# Warnings are a private matter of our own targets. -fno-trapping-math and -fno-math-errno let GCC
# vectorise loops with comparisons and square roots; neither changes a result.
function(firstlight_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wpedantic
                         -fno-trapping-math -fno-math-errno
                         $<$<BOOL:${FIRSTLIGHT_WERROR}>:-Werror>)
endfunction()

# firstlight_test(MODULE [NAME name] SOURCES ... [LINK targets...]): the GoogleTest program NAME_test
# (by default MODULE_test) for tests of a module.
function(firstlight_test module)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINK" ${ARGN})
  if(NOT arg_NAME)
    set(arg_NAME ${module})
  endif()
  set(target ${arg_NAME}_test)
  add_executable(${target} ${arg_SOURCES})
  firstlight_warnings(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE FIRSTLIGHT_TEST_DIR="${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE firstlight::${module} ${arg_LINK} GTest::gtest_main)
  gtest_discover_tests(${target} TEST_PREFIX ${arg_NAME}. DISCOVERY_TIMEOUT 60)
endfunction()
