package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RecordKeeperTest {
  private static final DesiredDeployment RECORD =
      DesiredDeployment.first(LlmConfig.builder().modelId("m").build(), "a", 0);

  private final RecordsInMemory records = new RecordsInMemory();
  private final List<String> done = new ArrayList<>();
  private int writes;
  private final RecordKeeper keeper = new RecordKeeper(records, write -> writes++);

  @Test
  void save_sameRecordAgain_writesOnce() {
    keeper.save(RECORD);
    keeper.save(RECORD);

    assertThat(writes).isEqualTo(1);
  }

  @Test
  void save_whileAWriteIsUnderWay_writesTheLatestAfterIt() {
    keeper.save(RECORD);
    keeper.whenSaved(() -> done.add("first"));
    keeper.save(RECORD.withTarget(2));
    keeper.save(RECORD.withTarget(3));
    keeper.whenSaved(() -> done.add("second"));

    keeper.onWritten(true);
    assertThat(done).containsExactly("first");
    keeper.onWritten(true);

    assertThat(done).containsExactly("first", "second");
    assertThat(writes).isEqualTo(2);
    assertThat(records.read("m").toCompletableFuture().join()).contains(RECORD.withTarget(3));
  }

  @Test
  void onWritten_failed_isRepeatedByTheNextFlush() {
    keeper.save(RECORD);
    keeper.whenSaved(() -> done.add("saved"));

    keeper.onWritten(false);
    assertThat(done).isEmpty();
    keeper.flush();
    keeper.onWritten(true);

    assertThat(writes).isEqualTo(2);
    assertThat(done).containsExactly("saved");
  }

  @Test
  void whenSaved_nothingToSave_runsAtOnce() {
    keeper.known(RECORD);
    keeper.save(RECORD);
    keeper.whenSaved(() -> done.add("saved"));

    assertThat(done).containsExactly("saved");
    assertThat(writes).isZero();
  }
}
