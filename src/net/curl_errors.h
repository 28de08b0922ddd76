// What libcurl's result codes mean to the layers above.
#pragma once

#include <curl/curl.h>

#include <string_view>

#include "orlop/error.h"

namespace orlop::net {

struct CurlFailure {
  CURLcode code;
  CURL* easy;
  std::string_view host;       // "host:port"
  std::string_view diagnosis;  // libcurl's own words; they are looked into, never shown
  bool request_begun = false;  // a connection stood and the request was on its way
  bool by_proxy = false;       // the connection is one to a proxy
};

Error error_of(const CurlFailure& failure);

}  // namespace orlop::net
