namespace Mistral.Ilgpu.Planning;

/// <summary>The room of a device for layers.</summary>
/// <param name="Bytes">The memory that may be used.</param>
/// <param name="Fixed">The part of it that does not depend on the number of layers.</param>
/// <param name="Layers">The bytes of each layer of the model on the device.</param>
/// <param name="IsSpare">Whether it takes only layers that other devices have no room for.</param>
internal sealed record LayerRoom(long Bytes, long Fixed, IReadOnlyList<long> Layers, bool IsSpare = false);
