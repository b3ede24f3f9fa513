// Weights of other programs become model files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace orrery {

struct ModelImportOptions {
  std::string file;    // .safetensors, .pt, .pth, .pkl, .ckpt: what it is decides its content
  std::string out;     // the model file to write
  std::string system;  // a system's id; empty: the first that knows the weights
  std::string set;     // which weights of a file with several ("G"); empty: averaged ones ("G_ema") before others
};

struct ImportedModel {
  std::string system, hash;
  std::string format;                // "safetensors", "torch zip", "torch legacy", "pickle"
  std::string set;                   // its place in the file, "" for the whole
  std::vector<std::string> sets;     // all places with weights
  std::vector<std::string> records;  // classes and functions that the file names; nothing of them was run
  std::int64_t parameters = 0;
  int width_px = 0, height_px = 0;
};

// Reads as data only (engine/io/checkpoint.h), lets the systems look at the names and shapes, builds the network, loads every tensor by
// name, draws one picture, writes the file and opens it again. `progress` is told what is done. Throws Error(bad_input) naming what does
// not fit; nothing is written then.
ImportedModel import_model(const ModelImportOptions& options, const std::function<void(double, const std::string&)>& progress = {});

}  // namespace orrery
