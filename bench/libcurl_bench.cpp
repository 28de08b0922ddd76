// The same bare loop over the system's libcurl, as other programs use it.
#include "bare_libcurl.h"

int main() {
  orlop::bench::Bare bare(orlop::bench::environment("AWS_ENDPOINT_URL") + "/bench/key");
  bare.operations().at("put")();
  orlop::bench::serve(bare.operations());
}
