// A catalogue card: what a system is, for the window, the command line and the Explained page.
#pragma once

#include <string>
#include <vector>

namespace orrery {

// The contract a system's network fulfils (engine/kinds).
enum class Kind { generator, denoiser, autoencoder, token_model };

struct PresetInfo {
  std::string id;     // "tiny"
  std::string label;
  std::string help;
  bool points = false;  // for points in the plane, not for pictures
};

struct SystemInfo {
  std::string id;        // "stylegan2"
  std::string name;      // "StyleGAN2"
  Kind kind = Kind::generator;
  int year = 0;
  std::string authors;
  std::string paper;     // title
  std::string url;       // arXiv or DOI
  std::string sentence;  // one sentence for the card
  std::vector<std::string> idea;      // three sentences for the Explained page
  std::string equation;  // the objective as implemented, in plain Unicode mathematics, one line per term
  std::vector<std::string> symbols;   // "ψ: truncation (truncation.psi)": what each symbol means and which control or config key it is
  std::string try_first;
  std::vector<PresetInfo> presets;
  std::vector<std::string> needs;     // what its data must have: "classes", "colour", "square", "captions", "films"; empty: any pictures
  std::vector<std::string> lights;    // of the five: those that are on ("parity", "trains", "live", "exports", "explained")
};

}  // namespace orrery
