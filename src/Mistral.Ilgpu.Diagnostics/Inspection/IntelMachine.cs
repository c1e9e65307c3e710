using System.Globalization;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An architecture of Intel's, and the offline compiler that is installed.</summary>
internal sealed class IntelMachine : IMachine
{
    private readonly IntelGpu _gpu;
    private readonly Lazy<Ocloc> _ocloc = new(Ocloc.Find);
    private readonly Lazy<WaveFeatures> _waves;

    public IntelMachine(IntelGpu gpu)
    {
        _gpu = gpu;
        _waves = new(() => _ocloc.Value.WavesOf(gpu));
    }

    public string Architecture => _gpu.Name;

    // The compiler writes no text of its machine code.
    public string? Language => null;

    public string Tool => $"ocloc {_ocloc.Value.Version}";

    public string Loss => "spills";

    public IReadOnlyList<(string Heading, string Key)> Columns { get; } =
    [
        ("lanes", "lanes"), ("registers", "registers"), ("local memory", "local_bytes"), ("spills", "spill_bytes"),
    ];

    public string? WhyNot(KernelForm form) => form switch
    {
        { CpuOnly: { } reason } => $"is for ILGPU's CPU accelerator alone ({reason})",
        { NeedsLanes: true } => "uses lanes, for CPUs",
        { IsForAmd: true } => "is made of AMD's instructions",
        { IsForOpenCl: false } => $"contains inline PTX for sm_{form.CudaArchitecture}",
        _ => null,
    };

    public string OpenCl(KernelForm form) => KernelCode.OpenClOf(form, form.NeedsWaves ? _waves.Value : WaveFeatures.None);

    public CompiledForm Compile(KernelForm form, bool withCode = false)
    {
        var taken = _ocloc.Value.Compile(OpenCl(form), _gpu);
        string[] faults =
        [
            .. taken.SpillBytes > 0 ? new[] { $"{taken.SpillBytes} bytes of spills" } : [],
            .. taken.CallsFunctions ? new[] { "a function is called" } : [],
        ];
        return new CompiledForm(
            [
                (taken.WaveSize, Text(taken.WaveSize)), (taken.Registers, Text(taken.Registers)),
                (taken.LocalBytes, $"{Text(taken.LocalBytes)} B"), (taken.SpillBytes, $"{Text(taken.SpillBytes)} B"),
            ],
            $"waves of {taken.WaveSize} lanes, {Text(taken.Registers)} registers of a thread, {Text(taken.LocalBytes)} bytes of "
            + $"local memory, {Text(taken.SpillBytes)} bytes of spills",
            faults, null);
    }

    private static string Text(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
