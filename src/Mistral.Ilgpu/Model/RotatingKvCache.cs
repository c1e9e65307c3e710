using ILGPU;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The rotating buffer cache (Mistral 7B, arXiv 2310.06825, §2): exactly window slots per layer, so memory stays flat
/// however long the text. A layer without a window gets as many slots as the context is long and never rotates.
/// </summary>
public sealed class RotatingKvCache : IDisposable
{
    private readonly List<DeviceBuffer<byte>> _buffers = [];

    /// <param name="context">Longest text in tokens; null for unlimited, which needs a window in every layer.</param>
    /// <param name="chunk">Most tokens in one pass.</param>
    public RotatingKvCache(Device device, ModelConfig config, TensorFormat format, int? context, int chunk)
    {
        long tokenBytes = (long)config.KvHeadCount * config.HeadDim * format.BytesPerElement();
        try
        {
            var freshKeys = Allocate(chunk, "fresh keys");
            var freshValues = Allocate(chunk, "fresh values");
            Layers =
            [
                .. Enumerable.Range(0, config.LayerCount).Select(layer =>
                {
                    int slots = Slots(config, layer, context);
                    return new KvLayer(
                        slots,
                        format,
                        Allocate(slots, $"the keys of layer {layer}"),
                        Allocate(slots, $"the values of layer {layer}"),
                        freshKeys,
                        freshValues);
                }),
            ];
        }
        catch
        {
            Dispose();
            throw;
        }

        ArrayView<byte> Allocate(int tokens, string purpose)
        {
            var buffer = device.Allocate<byte>(tokens * tokenBytes, purpose);
            _buffers.Add(buffer);
            return buffer.View;
        }
    }

    public IReadOnlyList<KvLayer> Layers { get; }

    /// <summary>Bytes of the rings of all layers.</summary>
    public long Bytes => Layers.Sum(layer => layer.Keys.Length + layer.Values.Length);

    /// <summary>Slots of a layer's ring: its window, or less if the context is shorter.</summary>
    public static int Slots(ModelConfig config, int layer, int? context) =>
        Math.Min(config.WindowOf(layer) ?? int.MaxValue, context ?? int.MaxValue);

    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
