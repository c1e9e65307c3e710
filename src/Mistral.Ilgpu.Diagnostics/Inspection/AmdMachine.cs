using System.Globalization;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An architecture of AMD's, and the clang and device libraries that are installed.</summary>
internal sealed class AmdMachine : IMachine
{
    private readonly AmdGpu _gpu;
    private readonly Lazy<Amdgcn> _tools = new(() => Amdgcn.Find());
    private readonly Lazy<WaveFeatures> _waves;

    public AmdMachine(AmdGpu gpu)
    {
        _gpu = gpu;
        _waves = new(() => _tools.Value.WavesOf(gpu));
    }

    public string Architecture => _gpu.Name;

    public string? Language => "amdgcn";

    public string Tool => $"clang {_tools.Value.Version}";

    public string Loss => "scratch memory";

    public IReadOnlyList<(string Heading, string Key)> Columns { get; } =
    [
        ("VGPRs", "vgprs"), ("AGPRs", "agprs"), ("SGPRs", "sgprs"), ("local memory", "local_bytes"),
        ("scratch", "scratch_bytes"), ("waves of a SIMD", "waves_per_simd"),
    ];

    public string? WhyNot(KernelForm form) => form switch
    {
        { CpuOnly: { } reason } => $"is for ILGPU's CPU accelerator alone ({reason})",
        { NeedsLanes: true } => "uses lanes, for CPUs",
        { IsForOpenCl: false } => $"contains inline PTX for sm_{form.CudaArchitecture}",
        _ when MatrixCores.NeededBy(form) is var needed and not WaveFeatures.None && !_waves.Value.HasFlag(needed) =>
            $"needs {needed}, which is not in this architecture",
        _ => null,
    };

    public string OpenCl(KernelForm form) => KernelCode.OpenClOf(form, form.NeedsWaves ? _waves.Value : WaveFeatures.None);

    public CompiledForm Compile(KernelForm form, bool withCode = false)
    {
        var (taken, code) = _tools.Value.Compile(OpenCl(form), _gpu);
        string[] faults =
        [
            .. taken.ScratchBytes > 0 ? new[] { $"{taken.ScratchBytes} bytes of scratch memory" } : [],
            .. taken.CallsFunctions ? new[] { "a function is called" } : [],
        ];
        return new CompiledForm(
            [
                (taken.Vgprs, Text(taken.Vgprs)), (taken.Agprs, Text(taken.Agprs)), (taken.Sgprs, Text(taken.Sgprs)),
                (taken.LocalBytes, $"{Text(taken.LocalBytes)} B"), (taken.ScratchBytes, $"{Text(taken.ScratchBytes)} B"),
                (taken.Waves, $"{taken.Waves} of {_gpu.Waves}"),
            ],
            $"{Text(taken.Vgprs)} VGPRs, {(taken.Agprs > 0 ? $"{Text(taken.Agprs)} AGPRs, " : "")}{Text(taken.Sgprs)} SGPRs, "
            + $"{Text(taken.LocalBytes)} bytes of local memory, {Text(taken.ScratchBytes)} bytes of scratch memory; "
            + $"waves of {taken.WaveSize} lanes, {taken.Waves} of {_gpu.Waves} in a SIMD",
            faults, withCode ? code : null);
    }

    private static string Text(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
