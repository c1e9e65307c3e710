using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// A kind of device: how weights and caches lie on it, which operations it fuses, and what binds its forms of kernels. Known
/// without the device; nothing else asks what kind a device is to choose among forms.
/// </summary>
internal abstract class Family
{
    /// <summary>Queries in a tile of the row form of attention; how many heads may share a kv head.</summary>
    public const int MostQueriesPerTile = AttentionBlock.MaxQueries;

    private const long SecondOfSlowCpu = 10_000_000_000;

    protected Family(DeviceInfo device) => Device = device;

    /// <summary>Whether tokens are drawn on the device; elsewhere it chooses the likeliest alone, and logits come to the host
    /// cheaply.</summary>
    public virtual bool DrawsTokens => false;

    /// <summary>Queries, tokens × heads that share a kv head, that one tile of a prompt holds.</summary>
    public virtual int QueriesPerTile(TensorFormat cache) => MostQueriesPerTile;

    /// <summary>Tiles of keys that a split of a decoded token has at least.</summary>
    public virtual int SplitTiles => DecodeSplits.LeastTiles;

    /// <summary>Tokens of a prompt in one pass, where nobody says.</summary>
    public virtual int DefaultChunk => 256;

    /// <summary>The device itself.</summary>
    protected DeviceInfo Device { get; }

    /// <summary>The family of a device, or the one that it was given instead.</summary>
    public static Family Of(DeviceInfo device) => (device.ForcedFamily ?? KindOf(device)) switch
    {
        KernelFamily.CpuAccelerator => new CpuAccelerator(device),
        KernelFamily.OpenClCpu => new OpenClCpu(device),
        KernelFamily.Gpu => new Gpu(device),
        _ => new Cuda(device),
    };

    /// <summary>The family of an opened device.</summary>
    public static Family Of(ComputeDevice device) => device.Room(static one => Of(one.Info));

    /// <summary>Bytes of weights that are brought to the device at once. What a CPU stages stays in its caches. To a GPU a turn
    /// takes 0.6 ms at 50 GB/s, beside some 0.04 ms for starting readers and waiting.</summary>
    public int StagingBytes => Device.IsGpu ? 32 << 20 : 1 << 20;

    /// <summary>Operations that the host may be ahead of the device in a pass that may be cancelled; null for any number. GPUs
    /// are through with a pass soon, and the CPU accelerator's launches return when they are done.</summary>
    public long? OperationsAhead => Device is { IsGpu: false, Kind: not DeviceKind.Cpu } ? SecondOfSlowCpu : null;

    /// <summary>How weights that are multiplied with lie on the device.</summary>
    public virtual WeightLayout LayoutOf(TensorFormat format, ActivationType activations) => WeightLayout.Rows;

    /// <summary>The shape for a kernel that shares <paramref name="items"/> equal small items by stride.</summary>
    public abstract KernelConfig Elements(long items);

    /// <summary>The shape for a kernel that streams through <paramref name="items"/> in the order they lie in, one each where
    /// groups are cheap.</summary>
    public virtual KernelConfig Stream(long items) => LaunchShape.Cover(items, 256);

    /// <summary>The shape for a kernel whose every item is much work of its own, such as an attention head.</summary>
    public abstract KernelConfig Coarse(long items);

    /// <summary>Whether prompts are multiplied with activations of 16 bits where quantized weights take 8 otherwise.</summary>
    public virtual bool RoundsPrompts(ActivationType activations) => false;

    /// <summary>Whether the products with a matrix that no adapter changes make the norm of one decoded row themselves.</summary>
    public virtual bool MakesNorm(MatrixPlan matrix, ActivationType activations) => false;

    /// <summary>Whether an operation can write what it makes in eight bits too.</summary>
    /// <param name="isAlone">Whether it is of one decoded row.</param>
    /// <param name="makesNorm">Whether it makes its norm itself where it is of one decoded row.</param>
    public virtual bool MakesInt8(Operation operation, bool isAlone, bool makesNorm) => false;

    /// <summary>Device bytes of a row of activations that matrices are multiplied with, beside float32.</summary>
    public virtual long InputBytes(int columns) => QuantizedActivations.BytesPerRow(columns);

    /// <summary>Activations that matrices are multiplied with, with room for the forms that products take them in.</summary>
    /// <param name="own">Takes what is allocated.</param>
    internal virtual Activation Input(
        ComputeDevice device, string name, int rows, int columns, ArrayView<float> view, Action<IDisposable> own) =>
        new(name, rows, columns, view, QuantizedActivations.Allocate(device, rows, columns, $"the activations '{name}'", own));

    /// <summary>Measures what shapes of launches depend on, once for each device.</summary>
    internal virtual void Measure(ComputeDevice device)
    {
    }

    /// <summary>How the passes of a model are launched. Recordings decline what is not decoded tokens alone, and each step of
    /// that is launched by itself.</summary>
    internal virtual IPassRunner Runner(BoundPlan plan) => plan.Device switch
    {
        { Gathering: { } launches } => new GatheredPasses(launches, plan.Direct),
        { Graphs: { } driver } => new PassRunners(new RecordedPasses(driver, plan, SplitTiles), plan.Direct),
        _ => plan.Direct,
    };

    /// <summary>Leaves out forms that may be what has failed, where there are others in their place.</summary>
    /// <param name="reason">What has failed, in words.</param>
    /// <returns>Whether that changes anything; all is then to be tested again.</returns>
    internal virtual bool LeaveOut(ComputeDevice device, string reason) => false;

    /// <summary>Copies on the device as fast as it can.</summary>
    internal virtual void Copy(ComputeDevice device, ArrayView<Floats4> from, ArrayView<Floats4> to) =>
        device.Launch(Stream(from.Length), new CopyFloats(from, to));

    internal abstract KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder);

    private static KernelFamily KindOf(DeviceInfo device) => (device.Kind, device.IsGpu) switch
    {
        (DeviceKind.Cpu, _) => KernelFamily.CpuAccelerator,
        (_, false) when device.HasLongVectors => KernelFamily.OpenClCpu,
        _ when device.CudaArchitecture >= 80 => KernelFamily.Cuda,
        _ => KernelFamily.Gpu,
    };
}
