using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// A kind of device: its layout of weights and caches, the operations that it fuses, and its forms of kernels. It is known
/// without opening the device. No other code depends on the kind of device to choose a form.
/// </summary>
internal abstract class Family
{
    /// <summary>Queries in a tile of the row form of attention, and thus the most heads that may share a kv head.</summary>
    public const int MostQueriesPerTile = AttentionBlock.MaxQueries;

    private const long SecondOfSlowCpu = 10_000_000_000;

    protected Family(DeviceInfo device) => Device = device;

    /// <summary>
    /// Whether tokens are sampled on the device. Otherwise the device chooses only the likeliest, because copying logits to the
    /// host
    /// is fast.
    /// </summary>
    public virtual bool DrawsTokens => false;

    /// <summary>Queries in one tile of a prompt: tokens × heads that share a kv head.</summary>
    public virtual int QueriesPerTile(TensorFormat cache) => MostQueriesPerTile;

    /// <summary>The least tiles of keys in a split of a decoded token's attention.</summary>
    public virtual int SplitTiles => DecodeSplits.LeastTiles;

    /// <summary>Tokens of a prompt in one pass by default.</summary>
    public virtual int DefaultChunk => 256;

    /// <summary>
    /// The most tokens of a prompt in one pass by default if layers are streamed. A GPU computes a layer for thousands of tokens
    /// while the bus brings the next one.
    /// </summary>
    public int StreamedChunk => Device.IsGpu ? 4 * DefaultChunk : DefaultChunk;

    /// <summary>Slots for streamed layers; 0 for a device that computes in the host's memory and uses layers in place.</summary>
    public int LayerSlots =>
        ComputesInHostMemory && !Device.Without.HasFlag(DeviceFeatures.LayersInPlace) ? 0 : Residency.SlotCount;

    /// <summary>Whether the device takes only layers that other devices have no room for. A GPU computes a layer far sooner than a
    /// CPU.</summary>
    public bool IsSpare => !Device.IsGpu;

    /// <summary>Whether ILGPU's CPU accelerator can take the device's place: OpenCL on a CPU.</summary>
    public bool IsAcceleratorToo => Device is { Kind: DeviceKind.OpenCl, IsGpu: false };

    /// <summary>Whether kernels can read host memory where it is.</summary>
    protected virtual bool ComputesInHostMemory => false;

    /// <summary>The device.</summary>
    protected DeviceInfo Device { get; }

    /// <summary>The family of a device, or the one that replaces it.</summary>
    public static Family Of(DeviceInfo device) => (device.ForcedFamily ?? KindOf(device)) switch
    {
        KernelFamily.CpuAccelerator => new CpuAccelerator(device),
        KernelFamily.OpenClCpu => new OpenClCpu(device),
        KernelFamily.Gpu => new Gpu(device),
        KernelFamily.OpenClGpu => new OpenClGpu(device),
        KernelFamily.Amd => new Amd(device),
        KernelFamily.CudaWaves => new CudaWaves(device),
        _ => new Cuda(device),
    };

    /// <summary>The family of an opened device.</summary>
    public static Family Of(ComputeDevice device) => device.Room(static one => Of(one.Info));

    /// <summary>
    /// Bytes of weights that are copied to the device at once. A CPU's staging memory stays in its caches. On a GPU a copy takes
    /// 0.6 ms at 50 GB/s, plus about 0.04 ms to start readers and wait.
    /// </summary>
    public int StagingBytes => Device.IsGpu ? 32 << 20 : 1 << 20;

    /// <summary>Whether several threads read what is copied to the device. On a CPU the kernels need the cores.</summary>
    public bool IsReadByThreads => Device.IsGpu;

    /// <summary>
    /// The most operations that the host may launch ahead of the device in a pass that can be cancelled; null for any number.
    /// GPUs finish a pass quickly, and launches on the CPU accelerator return when they are done.
    /// </summary>
    public long? OperationsAhead => Device is { IsGpu: false, Kind: not DeviceKind.Cpu } ? SecondOfSlowCpu : null;

    /// <summary>The layout of weights that are multiplied with activations.</summary>
    public virtual WeightLayout LayoutOf(TensorFormat format, ActivationType activations) => WeightLayout.Rows;

    /// <summary>The layout of a table whose rows are looked up.</summary>
    /// <param name="isMultiplied">Whether it is multiplied with activations too.</param>
    public virtual WeightLayout TableLayoutOf(TensorFormat format, ActivationType activations, bool isMultiplied) =>
        WeightLayout.Rows;

    /// <summary>The launch shape of a kernel whose items share <paramref name="items"/> small equal parts by stride.</summary>
    public abstract KernelConfig Elements(long items);

    /// <summary>
    /// The launch shape of a kernel that reads <paramref name="items"/> parts in order, one for each item if groups are cheap.
    /// </summary>
    public virtual KernelConfig Stream(long items) => LaunchShape.Cover(items, 256);

    /// <summary>The launch shape of a kernel whose items each do much work, such as an attention head.</summary>
    public abstract KernelConfig Coarse(long items);

    /// <summary>
    /// Whether prompts are multiplied with 16-bit activations, although quantized weights otherwise use eight-bit ones.
    /// </summary>
    public virtual bool RoundsPrompts(ActivationType activations) => false;

    /// <summary>Whether products with a matrix without adapters compute the norm of one decoded row themselves.</summary>
    public virtual bool MakesNorm(MatrixPlan matrix, ActivationType activations) => false;

    /// <summary>Whether an operation can also write its output in eight bits.</summary>
    /// <param name="isAlone">Whether the pass has one decoded row.</param>
    /// <param name="makesNorm">Whether the operation computes its norm itself in passes of one decoded row.</param>
    public virtual bool MakesInt8(Operation operation, bool isAlone, bool makesNorm) => false;

    /// <summary>The 16-bit format in which products with a matrix read rows of prompts; null if it is another or not the same
    /// for all bands.</summary>
    public virtual TensorFormat? RoundedFor(MatrixPlan matrix, ActivationType activations) => null;

    /// <summary>Whether an operation without adapters can write rows of prompts in a 16-bit format instead of
    /// float32.</summary>
    public virtual bool MakesRounded(Operation operation, TensorFormat format, ActivationType activations) => false;

    /// <summary>Device bytes of a row of activations that are multiplied with matrices, in addition to float32.</summary>
    public virtual long InputBytes(int columns) => QuantizedActivations.BytesPerRow(columns);

    /// <summary>Activations that are multiplied with matrices, with buffers for the forms that products need.</summary>
    /// <param name="own">Receives each buffer and disposes it.</param>
    internal virtual Activation Input(
        ComputeDevice device, string name, int rows, int columns, ArrayView<float> view, Action<IDisposable> own) =>
        new(name, rows, columns, view, QuantizedActivations.Allocate(device, rows, columns, $"the activations '{name}'", own));

    /// <summary>Measures the values on which launch shapes depend, once for each device.</summary>
    internal virtual void Measure(ComputeDevice device)
    {
    }

    /// <summary>
    /// The pass runner of a model. Recordings decline passes that do more than decode; the steps of those are launched one by
    /// one. So are those of streamed layers, because a layer's transfer takes far longer than its launches.
    /// </summary>
    internal virtual IPassRunner Runner(BoundPlan plan) => plan.Device switch
    {
        { Gathering: { } launches } when plan.Gate is null => new GatheredPasses(launches, plan),
        { Graphs: { } driver } when plan.Gate is null =>
            new PassRunners(new RecordedPasses(driver, plan, SplitTiles), plan.Direct),
        _ => plan.Direct,
    };

    /// <summary>Stops using forms that may have caused a failure, if there are others.</summary>
    /// <param name="reason">The failure, for people.</param>
    /// <returns>Whether that changes anything. All tests must then run again.</returns>
    internal virtual bool LeaveOut(ComputeDevice device, string reason) => false;

    /// <summary>Copies on the device at full speed.</summary>
    internal virtual void Copy(ComputeDevice device, ArrayView<Floats4> from, ArrayView<Floats4> to) =>
        device.Launch(Stream(from.Length), new CopyFloats(from, to));

    /// <summary>Packs rows of blocks to strips.</summary>
    internal virtual void Pack<TFormat>(ComputeDevice device, PackBlockStrips<TFormat> pack)
        where TFormat : struct, IStripFormat => device.Launch(Elements(pack.Items), pack);

    internal abstract KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder);

    private static KernelFamily KindOf(DeviceInfo device) => (device.Kind, device.IsGpu) switch
    {
        (DeviceKind.Cpu, _) => KernelFamily.CpuAccelerator,
        (_, false) when device.HasLongVectors => KernelFamily.OpenClCpu,
        _ when device.CudaArchitecture >= 80 => KernelFamily.Cuda,
        _ when device.CudaArchitecture >= 60 => KernelFamily.CudaWaves,
        _ when device.Waves.HasFlag(WaveFeatures.Dpp) => KernelFamily.Amd,
        _ when device.Waves.HasFlag(WaveFeatures.Shuffle) => KernelFamily.OpenClGpu,
        _ => KernelFamily.Gpu,
    };
}
