// What a system is: the paper, the idea, the objective with its symbols, what each control does, what to try first.
#pragma once

#include <QWidget>
#include <string>
#include <vector>

#include "ui/session/session.h"

namespace orrery::ui {

// "ψ: truncation (truncation.psi)" or "γ, k: loss.r1_gamma, loss.r1_interval" taken apart.
struct Symbol {
  QString sign;
  QString meaning;
  std::vector<std::string> ids;  // controls or configuration keys, in their order; "augment.operations.*" is every key below
};
Symbol symbolFrom(const std::string& text);

class ExplainedPage : public QWidget {
  Q_OBJECT

 public:
  ExplainedPage(Session& session, const SystemInfo& system, QWidget* parent = nullptr);

 Q_SIGNALS:
  void back();

 private:
  QWidget* symbolRow(const Symbol& symbol);
  void showControl(const std::string& id);
  bool isSetting(const std::string& id) const;

  Session& session_;
  SystemInfo system_;
  std::vector<std::string> settings_;  // paths of the first preset's configuration
};

}  // namespace orrery::ui
