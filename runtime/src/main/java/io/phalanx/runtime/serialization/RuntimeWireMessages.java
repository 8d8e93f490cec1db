package io.phalanx.runtime.serialization;

import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.collective.GroupMember;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.collective.Transport;
import io.phalanx.runtime.device.CpuCapability;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceInventory;
import io.phalanx.runtime.device.DeviceSlot;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.metrics.HistogramCounts;
import java.util.List;

/** The runtime's own classes on the wire. */
public final class RuntimeWireMessages implements WireMessages {

  @Override
  public int firstId() {
    return 1000;
  }

  @Override
  public List<Class<?>> classes() {
    return List.of(
        ErrorCode.class,
        NodeRole.class,
        Device.class,
        Device.Kind.class,
        DeviceSlot.class,
        CpuCapability.class,
        DeviceInventory.class,
        GroupSpec.class,
        GroupMember.class,
        Transport.class,
        HistogramCounts.class);
  }
}
