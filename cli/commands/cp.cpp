// orlop cp
#include "cli/copying.h"

namespace orlop::cli {

const Verb cp_verb{
    .name = "cp",
    .summary = "Copy files and objects, in any direction",
    .operands = "SOURCE... DESTINATION",
    .examples =
        "  orlop cp report.pdf s3://bucket/2024/\n"
        "  orlop cp -r site s3://bucket/site\n"
        "  orlop cp 's3://bucket/logs/*.gz' .\n"
        "  tar cz data | orlop cp - s3://bucket/data.tar.gz\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Copying>(false); },
};

}  // namespace orlop::cli
