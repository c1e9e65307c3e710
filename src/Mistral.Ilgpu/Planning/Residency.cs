namespace Mistral.Ilgpu.Planning;

/// <summary>
/// Which layers keep their matrices on the device. The others are <em>streamed</em>: their matrices come to the device in every
/// pass, into <em>slots</em> that they share in turn. Streamed layers are spread evenly among the others, so that copies run
/// while both kinds are computed.
/// </summary>
/// <example>
/// Of 8 layers 4 are streamed, over 2 slots:
/// <code>
/// layer     0  1  2  3  4  5  6  7
/// streamed  -  0  -  1  -  2  -  3
/// slot         0     1     0     1
/// </code>
/// While layers 2 and 3 are computed from memory and slot 1, layer 5 arrives in slot 0.
/// </example>
internal sealed class Residency
{
    /// <summary>One slot is computed from while another is filled.</summary>
    public const int SlotCount = 2;

    // The device's own alignment, so that a matrix in a slot is read as fast as one in a buffer.
    private const int Alignment = 256;

    private readonly ModelPlan _plan;

    private Residency(ModelPlan plan, IReadOnlyList<int> streamed)
    {
        (_plan, Streamed) = (plan, streamed);
        SlotBytes = streamed.Count == 0 ? 0 : streamed.Max(BytesOf);
    }

    /// <summary>The streamed layers, in order.</summary>
    public IReadOnlyList<int> Streamed { get; }

    /// <summary>All layers.</summary>
    public int LayerCount => _plan.Layers.Count;

    /// <summary>Bytes of a slot, which holds any of the streamed layers.</summary>
    public long SlotBytes { get; }

    /// <summary>Bytes that each pass copies to the device.</summary>
    public long StreamedBytes => Streamed.Sum(BytesOf);

    /// <summary>Device bytes of all weights, slots included.</summary>
    public long DeviceBytes =>
        _plan.WeightBytes - Streamed.Sum(layer => _plan.Layers[layer].Sum(matrix => matrix.Bytes))
        + (Streamed.Count == 0 ? 0 : SlotCount * SlotBytes);

    /// <summary>All layers stay on the device.</summary>
    public static Residency Whole(ModelPlan plan) => new(plan, []);

    /// <summary>The fewest streamed layers with which the weights take at most so many bytes of the device.</summary>
    /// <returns>As many layers as there are, and more bytes, if even slots alone take more.</returns>
    public static Residency Within(ModelPlan plan, long bytes)
    {
        int layers = plan.Layers.Count;
        var residency = Whole(plan);
        // Slots for as many layers as there are slots save nothing. With a number that the slots divide, the last layer of a
        // pass and the first of the next have different slots.
        for (int streamed = 2 * SlotCount; residency.DeviceBytes > bytes && streamed <= layers; streamed += SlotCount)
        {
            residency = Of(plan, streamed);
        }

        return residency.DeviceBytes > bytes && layers > SlotCount ? Of(plan, layers) : residency;
    }

    /// <summary>Bytes of a layer in a slot.</summary>
    public long BytesOf(int layer) =>
        _plan.Layers[layer].SelectMany(matrix => matrix.Bands).Sum(band => Aligned(band.Bytes));

    /// <summary>The bytes of a band in a slot, with those up to the next band.</summary>
    public static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>A number of layers is streamed.</summary>
    public static Residency Of(ModelPlan plan, int streamed)
    {
        int layers = plan.Layers.Count;
        return new Residency(
            plan, [.. Enumerable.Range(0, layers).Where(layer => Before(layer + 1) > Before(layer))]);

        int Before(int layer) => (int)((long)layer * streamed / layers);
    }
}
