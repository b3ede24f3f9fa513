// Pretrained parts: optional downloads that ./app/fetch_weights puts into the cache. Nothing is downloaded at run time.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace orrery::features {

// The file of a part by its name ("efficientnet_lite0"), checked for its size. Throws Error(failed) saying how to get it when it is not
// there, Error(wrong_use) for a name that is none.
std::string weights_path(const std::string& name);
bool has_weights(const std::string& name);
// Its tensors by the package's names, after checking the file's SHA-256. Throws Error(bad_input) for another file than the recorded one.
std::map<std::string, at::Tensor> load_part(const std::string& name);

}  // namespace orrery::features
