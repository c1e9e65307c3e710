namespace Mistral.Ilgpu.Planning;

/// <summary>
/// Which layers keep their matrices on the device. The others are <em>streamed</em>: their matrices come to the device in every
/// pass, into <em>slots</em> that they share in turn. Streamed layers are spread evenly among the others, so that copies run
/// while both kinds are computed. A device that computes in the host's memory has no slots. It uses these layers <em>in
/// place</em>: where the host keeps them, in files that are mapped.
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

    private readonly int _slots;

    private Residency(ModelPlan plan, IReadOnlyList<int> streamed, int slots)
    {
        (_plan, Streamed, _slots) = (plan, streamed, slots);
        Matrices = [.. streamed.Select(layer => plan.Layers[layer])];
        MatrixPlan[] others = [.. plan.Weights.OfType<MatrixPlan>().Except(plan.Layers.SelectMany(layer => layer))];
        if (IsInPlace && streamed.Count == LayerCount && others.Length > 0)
        {
            Matrices = [.. Matrices, others];
        }

        SlotBytes = Matrices.Select(BytesOf).DefaultIfEmpty().Max();
    }

    /// <summary>The streamed layers, or those that are used in place, in order.</summary>
    public IReadOnlyList<int> Streamed { get; }

    /// <summary>Whether these layers are used in place.</summary>
    public bool IsInPlace => Streamed.Count > 0 && _slots == 0;

    /// <summary>The matrices of each of these layers. If all layers are used in place, then also those outside layers.</summary>
    public IReadOnlyList<IReadOnlyList<MatrixPlan>> Matrices { get; }

    /// <summary>All layers.</summary>
    public int LayerCount => _plan.Layers.Count;

    /// <summary>Bytes of the largest of <see cref="Matrices"/>, and thus of a slot.</summary>
    public long SlotBytes { get; }

    /// <summary>Bytes that each pass copies to the device, or reads in place.</summary>
    public long StreamedBytes => Matrices.Sum(BytesOf);

    /// <summary>Device bytes of all weights, slots included.</summary>
    public long DeviceBytes =>
        _plan.WeightBytes - Matrices.Sum(matrices => matrices.Sum(matrix => matrix.Bytes)) + (_slots * SlotBytes);

    /// <summary>Device bytes that the packing of matrices takes that are used in place, before all others are
    /// allocated.</summary>
    public long PackingBytes => IsInPlace ? SlotBytes : 0;

    /// <summary>All layers stay on the device.</summary>
    public static Residency Whole(ModelPlan plan) => new(plan, [], SlotCount);

    /// <summary>The fewest streamed layers with which the weights take at most so many bytes of the device.</summary>
    /// <param name="slots"><see cref="SlotCount"/>, or 0 for a device that uses layers in place.</param>
    /// <returns>As many layers as there are, and more bytes, if even slots alone take more.</returns>
    public static Residency Within(ModelPlan plan, long bytes, int slots = SlotCount)
    {
        int layers = plan.Layers.Count;
        var residency = Whole(plan);
        // Slots for as many layers as there are slots save nothing. With a number that the slots divide, the last layer of a
        // pass and the first of the next have different slots.
        int step = Math.Max(1, slots);
        for (int streamed = slots + step; residency.DeviceBytes > bytes && streamed <= layers; streamed += step)
        {
            residency = Of(plan, streamed, slots);
        }

        return residency.DeviceBytes > bytes && layers > slots ? Of(plan, layers, slots) : residency;
    }

    /// <summary>Bytes of matrices one behind the other, as in a slot.</summary>
    public static long BytesOf(IReadOnlyList<MatrixPlan> matrices) =>
        matrices.SelectMany(matrix => matrix.Bands).Sum(band => Aligned(band.Bytes));

    /// <summary>The bytes of a band in a slot, with those up to the next band.</summary>
    public static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>A number of layers is streamed.</summary>
    /// <param name="slots">See <see cref="Within"/>.</param>
    public static Residency Of(ModelPlan plan, int streamed, int slots = SlotCount)
    {
        int layers = plan.Layers.Count;
        return new Residency(
            plan, [.. Enumerable.Range(0, layers).Where(layer => Before(layer + 1) > Before(layer))], slots);

        int Before(int layer) => (int)((long)layer * streamed / layers);
    }
}
