// Included before every engine source (built once): what nearly all of them need of LibTorch, far less than torch/torch.h.
#pragma once

#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>
