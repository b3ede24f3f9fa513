// The search: a line and what it found. Opens over the search field of the top bar.
#pragma once

#include <QFrame>

#include "ui/search/search_index.h"

class QLineEdit;
class QListWidget;

namespace orrery::ui {

class SearchPopup : public QFrame {
  Q_OBJECT

 public:
  explicit SearchPopup(QWidget* parent);

  void open(const QRect& over, std::vector<SearchEntry> entries);
  QLineEdit* line() const { return line_; }
  int count() const;
  QString titleAt(int row) const;

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void refresh();
  void runCurrent();

  std::vector<SearchEntry> all_;
  std::vector<SearchEntry> shown_;
  QLineEdit* line_;
  QListWidget* list_;
};

}  // namespace orrery::ui
