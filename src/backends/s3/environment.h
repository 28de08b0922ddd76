// Environment variables, where one that is empty is as good as none.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <string>

namespace orlop::s3 {

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The first that is set.
inline std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return {};
}

}  // namespace orlop::s3
