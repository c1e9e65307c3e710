using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Products;

namespace Mistral.Ilgpu.Kernels;

/// <summary>One compiled shape of a kernel: its struct with every type argument chosen.</summary>
public sealed record KernelForm(Type Kernel)
{
    private readonly CudaFormAttribute? _cuda = Marks<CudaFormAttribute>(Kernel).FirstOrDefault();

    /// <summary>The name of the kernel and its type arguments, such as <c>MatVecPacks&lt;BFloat16, Assign&gt;</c>.</summary>
    public string Name { get; } = Describe(Kernel);

    /// <summary>What ILGPU compiles: <see cref="KernelEntry.Run{TKernel}"/> for this kernel.</summary>
    public MethodInfo Entry => typeof(KernelEntry).GetMethod(nameof(KernelEntry.Run))!.MakeGenericMethod(Kernel);

    /// <summary>The architecture that it needs of a CUDA device, 80 for sm_80, where it is made of what newer ones have;
    /// otherwise null.</summary>
    public int? CudaArchitecture => _cuda?.Architecture;

    /// <summary>Whether newer architectures than that lack what it is made of.</summary>
    public bool IsForThatAlone => _cuda is { IsAlone: true };

    /// <summary>Threads of its groups; null where a launch may choose.</summary>
    public int? GroupSize => _cuda is { GroupSize: > 0 and var threads } ? threads : null;

    /// <summary>Groups that a multiprocessor is to have room for, see <see cref="CudaFormAttribute.GroupsAtOnce"/>; null where
    /// the assembler may choose.</summary>
    public int? GroupsAtOnce => _cuda is { GroupsAtOnce: > 0 and var groups } ? groups : null;

    /// <summary>Shared memory that a launch gives each group, see <see cref="CudaFormAttribute.DynamicSharedBytes"/>.</summary>
    public int DynamicSharedBytes => _cuda?.DynamicSharedBytes ?? 0;

    /// <summary>What the compiler must know of launches: PTX's <c>.maxntid</c> and <c>.minnctapersm</c>.</summary>
    public KernelSpecialization Bounds => GroupsAtOnce is null ? default : new KernelSpecialization(GroupSize, GroupsAtOnce);

    /// <summary>Whether it needs groups with shared memory and barriers, see <see cref="GroupFormAttribute"/>.</summary>
    public bool NeedsGroups { get; } = Kernel.IsDefined(typeof(GroupFormAttribute), inherit: false);

    /// <summary>Whether its lanes exchange values, see <see cref="WaveFormAttribute"/>.</summary>
    public bool NeedsWaves { get; } = Kernel.IsDefined(typeof(WaveFormAttribute), inherit: false) || IsMadeForAmd(Kernel);

    /// <summary>Whether it is made of AMD's instructions, see <see cref="AmdFormAttribute"/>.</summary>
    public bool IsForAmd { get; } = IsMadeForAmd(Kernel);

    /// <summary>Whether OpenCL devices can run it, if they have what it needs.</summary>
    public bool IsForOpenCl => CpuOnly is null && (CudaArchitecture is null || NeedsWaves);

    /// <summary>Whether it is for vector processors alone, see <see cref="LaneFormAttribute"/>.</summary>
    public bool NeedsLanes { get; } = Kernel.IsDefined(typeof(LaneFormAttribute), inherit: false);

    /// <summary>Why it is for ILGPU's CPU accelerator alone, see <see cref="CpuFormAttribute"/>; null for all others.</summary>
    public string? CpuOnly { get; } = Marks<CpuFormAttribute>(Kernel).FirstOrDefault()?.Reason;

    /// <summary>Whether CUDA devices of an architecture can run it, if it needs nothing else.</summary>
    public bool IsFor(int architecture) =>
        !IsForAmd && architecture >= (CudaArchitecture ?? 0) && !(IsForThatAlone && architecture != CudaArchitecture);

    public override string ToString() => Name;

    private static bool IsMadeForAmd(Type kernel) => Marks<AmdFormAttribute>(kernel).Any();

    // What its struct and its type arguments are marked with.
    private static IEnumerable<TMark> Marks<TMark>(Type kernel)
        where TMark : Attribute => kernel.GetGenericArguments().Prepend(kernel)
        .Select(type => type.GetCustomAttribute<TMark>(inherit: false)).OfType<TMark>();

    private static string Describe(Type kernel)
    {
        string name = kernel.Name.Split('`')[0];
        var types = kernel.GetGenericArguments();
        // An element type follows from its format, where there is one.
        var arguments = types
            .Where(type => !type.IsPrimitive || types.Length == 1)
            .Select(type => type.IsGenericType ? Describe(type) : type.Name).ToArray();
        return arguments.Length == 0 ? name : $"{name}<{string.Join(", ", arguments)}>";
    }
}
