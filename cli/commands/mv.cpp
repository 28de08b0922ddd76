// orlop mv
#include "cli/copying.h"

namespace orlop::cli {

const Verb mv_verb{
    .name = "mv",
    .summary = "Move or rename files and objects",
    .operands = "SOURCE... DESTINATION",
    .examples =
        "  orlop mv s3://bucket/draft.txt s3://bucket/final.txt\n"
        "  orlop mv -r s3://bucket/incoming s3://archive/2024\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Copying>(true); },
};

}  // namespace orlop::cli
