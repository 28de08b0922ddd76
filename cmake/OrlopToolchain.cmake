# Compiler settings shared by every target of this project, and helpers to find its sources.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# CMake's own choice is -O3: slower to compile, larger, and no faster here.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# GCC 12 sees overlapping and endless copies in std::string where there are none (its bugs 105329 and 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options("$<$<CONFIG:Release>:-Wno-restrict;-Wno-stringop-overflow>")
endif()

if(ORLOP_SANITIZE)
  add_compile_options(-fsanitize=${ORLOP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ORLOP_SANITIZE})
  # GCC's warning is unreliable in instrumented code (its manual says so); <regex> alone sets it off.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

# orlop_compile_options(target): warnings are errors in our own code (with the compiler we develop with; clang, which
# builds the fuzzers, has other opinions).
function(orlop_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                           -Wnon-virtual-dtor -Woverloaded-virtual
                                           $<$<CXX_COMPILER_ID:GNU>:-Werror>)
endfunction()

# orlop_sources(variable directory...): the .cpp files below the directories without tests, and in
# ${variable}_TESTS the tests.
function(orlop_sources variable)
  set(sources)
  set(tests)
  foreach(directory ${ARGN})
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${directory}/*.cpp)
    foreach(file ${found})
      if(file MATCHES "_test\\.cpp$")
        list(APPEND tests ${file})
      else()
        list(APPEND sources ${file})
      endif()
    endforeach()
  endforeach()
  set(${variable} ${sources} PARENT_SCOPE)
  set(${variable}_TESTS ${tests} PARENT_SCOPE)
endfunction()

# orlop_test_options(target): the same for tests. Under a sanitizer it is the library that must run fast; the tests,
# long and flat, would take the optimiser longer than everything else together.
function(orlop_test_options target)
  orlop_compile_options(${target})
  if(ORLOP_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()
