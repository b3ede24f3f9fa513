// What a system is: the paper, the idea, the objective with its symbols, what each control does, what to try first.
#pragma once

#include <QWidget>

#include "ui/session/session.h"

namespace orrery::ui {

// "ψ: truncation (truncation.psi)" or "γ: loss.r1_gamma" taken apart.
struct Symbol {
  QString sign;
  QString meaning;
  std::string id;  // a control or a configuration key; "" when it names none
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

  Session& session_;
  SystemInfo system_;
};

}  // namespace orrery::ui
