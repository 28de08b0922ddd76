# The libraries Orlop stands on. Found here, once, for every directory below.
#
# Developing uses the system's shared libraries. ORLOP_STATIC is for what is released: curl, OpenSSL and zlib come as
# static archives from a prefix made by cmake/static-prefix/build (name it in CMAKE_PREFIX_PATH).

option(ORLOP_STATIC "Depend on no shared library but the C library's" OFF)

if(ORLOP_STATIC)
  set(CURL_USE_STATIC_LIBS ON)
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(ZLIB_USE_STATIC_LIBS ON)
endif()

find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(pugixml REQUIRED)
find_package(fmt REQUIRED)

# Debian has no static fmt, and in the shared one some functions have names that Clang spells otherwise. As headers it
# leaves libfmt.so without users, and --as-needed drops it.
if(ORLOP_STATIC OR CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set_property(TARGET fmt::fmt APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
endif()

if(ORLOP_STATIC)
  set_target_properties(pugixml::pugixml PROPERTIES INTERFACE_LINK_LIBRARIES pugixml::static)
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-static-libstdc++ -static-libgcc -Wl,--as-needed,--gc-sections,--exclude-libs,ALL)
endif()
