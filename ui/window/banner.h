// What went wrong, in three sentences, sliding in above the stage; details folded, never a box in the way. Also asks small questions.
#pragma once

#include <QWidget>
#include <deque>
#include <functional>
#include <vector>

#include "engine/api/result.h"

class QHBoxLayout;
class QLabel;
class QPlainTextEdit;
class QPropertyAnimation;
class QToolButton;

namespace orrery::ui {

class Banner : public QWidget {
  Q_OBJECT

 public:
  struct Choice {
    QString text;
    std::function<void()> run;
    bool primary = false;
  };

  explicit Banner(QWidget* parent = nullptr);

  void show(const JobError& error);
  void ask(const QString& question, const QString& detail, std::vector<Choice> choices);
  void dismiss();  // the next one comes, if any waits
  bool isOpen() const { return open_; }
  QString text() const;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  struct Message {
    JobError error;
    std::vector<Choice> choices;
  };
  void next();
  void slide(bool in);
  void fitHeight();

  std::deque<Message> waiting_;
  bool open_ = false;
  bool is_error_ = true;
  QLabel* what_;
  QLabel* rest_;
  QLabel* more_;
  QHBoxLayout* choices_;
  QToolButton* fold_;
  QPlainTextEdit* details_;
  QPropertyAnimation* motion_;
};

}  // namespace orrery::ui
