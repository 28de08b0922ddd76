#include "backends/s3/partition.h"

#include <algorithm>

namespace orlop::s3 {
namespace {

// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html; suffixes, regions and
// what is refused (`accelerated`, `fips`) as in botocore 1.43: data/partitions.json and the rule set of S3's endpoints.
// The last row is for all other regions. Rows with a longer suffix stand before those they end with.
constexpr Partition partition_table[] = {
    {"cn-", "amazonaws.com.cn", false, false}, {"eusc-", "amazonaws.eu", true, true},
    {"us-isob-", "sc2s.sgov.gov", true, true}, {"us-isof-", "csp.hci.ic.gov", true, true},
    {"us-iso-", "c2s.ic.gov", true, true},     {"eu-isoe-", "cloud.adc-e.uk", true, true},
    {"us-gov-", "amazonaws.com", true, true},  {"", "amazonaws.com", true, true},
};

}  // namespace

const Partition& partition_of(std::string_view region) noexcept {
  return *std::ranges::find_if(partition_table,
                               [&](const Partition& row) { return region.starts_with(row.region_start); });
}

const Partition* partition_of_host(std::string_view host) noexcept {
  auto found = std::ranges::find_if(partition_table, [&](const Partition& row) {
    return host.ends_with(row.suffix) && host.size() > row.suffix.size() &&
           host[host.size() - row.suffix.size() - 1] == '.';
  });
  return found == std::end(partition_table) ? nullptr : found;
}

}  // namespace orlop::s3
