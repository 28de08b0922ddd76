# `cmake --install`: headers, archives, the command, and what find_package(orlop) and pkg-config need.
include(CMakePackageConfigHelpers)

set(ORLOP_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/orlop)

set(ORLOP_LIBRARIES orlop)
if(TARGET orlop_server)
  set_target_properties(orlop_server PROPERTIES EXPORT_NAME server)
  list(APPEND ORLOP_LIBRARIES orlop_server)
endif()
install(TARGETS ${ORLOP_LIBRARIES} EXPORT orlopTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/orlop DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT orlopTargets NAMESPACE orlop:: DESTINATION ${ORLOP_PACKAGE_DIR})
if(TARGET orlop_cli)
  install(TARGETS orlop_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/orlopConfig.cmake.in ${PROJECT_BINARY_DIR}/orlopConfig.cmake
                              INSTALL_DESTINATION ${ORLOP_PACKAGE_DIR})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/orlopConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/orlopConfig.cmake ${PROJECT_BINARY_DIR}/orlopConfigVersion.cmake
        DESTINATION ${ORLOP_PACKAGE_DIR})

# Relative, so that an installed tree can be moved.
file(RELATIVE_PATH INCLUDEDIR_FROM_PKGCONFIG ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(${CMAKE_CURRENT_LIST_DIR}/orlop.pc.in ${PROJECT_BINARY_DIR}/orlop.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/orlop.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
