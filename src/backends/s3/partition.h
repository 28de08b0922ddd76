// Amazon's partitions: which domain the hosts of a region belong to.
#pragma once

#include <string_view>

namespace orlop::s3 {

struct Partition {
  std::string_view region_start;  // "cn-"
  std::string_view suffix;        // of host names: "amazonaws.com.cn"
  bool accelerated;               // has S3 Transfer Acceleration
  bool fips;                      // has FIPS endpoints of S3
};

// Of a region; the commercial one for regions nobody has heard of.
const Partition& partition_of(std::string_view region) noexcept;
// Whether a host is one of Amazon's, of any partition.
const Partition* partition_of_host(std::string_view host) noexcept;

}  // namespace orlop::s3
