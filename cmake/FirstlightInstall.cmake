# Install and export: a program outside the tree uses find_package(firstlight) and firstlight::run.
include(CMakePackageConfigHelpers)
get_property(firstlight_targets GLOBAL PROPERTY FIRSTLIGHT_TARGETS)
install(TARGETS ${firstlight_targets} EXPORT firstlight-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/firstlight DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY tasks models DESTINATION ${CMAKE_INSTALL_DATADIR}/firstlight)
install(EXPORT firstlight-targets NAMESPACE firstlight::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/firstlight)
configure_package_config_file(cmake/firstlight-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/firstlight-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/firstlight)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/firstlight-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/firstlight-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/firstlight-config-version.cmake cmake/FirstlightTorch.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/firstlight)
