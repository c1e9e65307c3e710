using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>Clang and ROCm's device libraries, if they are installed: OpenCL C to the machine code of AMD's GPUs.</summary>
internal sealed partial class Amdgcn
{
    // The first clang that knows all of the GPUs.
    private const int LeastVersion = 19;

    private const string NothingAtAll = "kernel void nothing() { }";

    // Denormals are kept and roots correctly rounded, as drivers do unless a program asks otherwise.
    private static readonly string[] Libraries =
    [
        "opencl", "ockl", "ocml", "oclc_daz_opt_off", "oclc_unsafe_math_off", "oclc_finite_only_off",
        "oclc_correctly_rounded_sqrt_on", "oclc_abi_version_500",
    ];

    private readonly string _clang;
    private readonly string _libraries;

    private Amdgcn(string clang, string libraries)
    {
        _clang = clang;
        _libraries = libraries;
    }

    /// <summary>The compiler's version, such as 19.1.7; empty if it reports none.</summary>
    public string Version => VersionText().Match(Tool.Run(_clang, ["--version"]).Output).Groups["version"].Value;

    /// <summary>The compiler and the libraries that work together: clang of PATH or of a well-known folder.</summary>
    /// <param name="root">Where the well-known folders lie.</param>
    /// <exception cref="MissingToolException">One of them is absent or too old; the message says which.</exception>
    public static Amdgcn Find(string root = "/")
    {
        string[] folders = [.. Folders(root)];
        if (folders.Length == 0)
        {
            throw new MissingToolException(
                "found no device libraries of ROCm, expected opencl.bc in /opt/rocm/amdgcn/bitcode or of rocm-device-libs");
        }

        string? fault = null;
        foreach (string clang in Compilers(root))
        {
            foreach (string folder in folders)
            {
                var tools = new Amdgcn(clang, folder);
                // An older clang does not know the newest GPU, and cannot read libraries that a newer one made.
                var result = tools.Run(NothingAtAll, AmdGpu.Gfx1201);
                if (result.ExitCode == 0)
                {
                    return tools;
                }

                fault ??= $"{clang} with {folder}: {FirstError(result)}";
            }
        }

        throw new MissingToolException(
            $"found no clang that compiles for {AmdGpu.Gfx1201}, expected version {LeastVersion} or newer with AMD's target"
            + (fault is null ? "" : $" ({fault})"));
    }

    /// <summary>Compiles OpenCL C.</summary>
    /// <param name="source">A text with one kernel.</param>
    /// <exception cref="InvalidDataException">The text does not compile; the message is the compiler's.</exception>
    public (AmdResources Resources, string Assembly) Compile(string source, AmdGpu gpu)
    {
        var result = Run(source, gpu);
        return result.ExitCode == 0
            ? (ResourcesOf(result.Output), result.Output) : throw new InvalidDataException(result.Error);
    }

    /// <summary>Whether the compiler accepts a text, and the libraries have all functions that it calls.</summary>
    /// <param name="gpu">A name of <see cref="AmdGpu.Known"/>.</param>
    public bool Accepts(string source, string gpu)
    {
        var known = AmdGpu.Of(gpu) ?? throw new ArgumentException(
            $"found '{gpu}', expected one of {string.Join(", ", AmdGpu.Known)}", nameof(gpu));
        return Run(source, known) is { ExitCode: 0 } result && !Call().IsMatch(result.Output);
    }

    /// <summary>What the compiler accepts for waves.</summary>
    public WaveFeatures WavesOf(AmdGpu gpu) => WaveProbe.Of(program => Accepts(program, gpu.Name));

    private static AmdResources ResourcesOf(string assembly)
    {
        int Number(string name) =>
            Regex.Match(assembly, $@"^;? *{Regex.Escape(name)} ?: *(\d+)", RegexOptions.Multiline) is { Success: true } match
                ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
                : throw new InvalidDataException($"the assembly: found no {name}, expected LLVM's summary of a kernel");

        return new AmdResources(
            Number("NumVgprs"), assembly.Contains("; NumAgprs:", StringComparison.Ordinal) ? Number("NumAgprs") : 0,
            Number(".sgpr_count"), Number("ScratchSize"), Number("LDSByteSize"), Number(".wavefront_size"),
            Number("Occupancy"), Call().IsMatch(assembly));
    }

    private ToolResult Run(string source, AmdGpu gpu)
    {
        string own = $"oclc_isa_version_{gpu.Name["gfx".Length..]}";
        string[] libraries =
        [
            .. Libraries, $"oclc_wavefrontsize64_{(gpu.WaveSize == 64 ? "on" : "off")}",
            File.Exists(FileOf(own)) ? own : $"oclc_isa_version_{gpu.OlderLibrary}",
        ];
        return Tool.Run(
            _clang,
            [
                "-x", "cl", "-cl-std=CL2.0", "-target", "amdgcn-amd-amdhsa", $"-mcpu={gpu.Name}", "-O3",
                "-mcode-object-version=5", "-nogpulib",
                .. libraries.SelectMany(library => new[] { "-Xclang", "-mlink-builtin-bitcode", "-Xclang", FileOf(library) }),
                "-S", "-o", "-", "-",
            ],
            source);
    }

    private string FileOf(string library) => Path.Combine(_libraries, $"{library}.bc");

    private static string FirstError(ToolResult result) => result.Error.Split('\n')
        .FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal))?.Trim() ?? $"exit code {result.ExitCode}";

    // The newest of PATH, then Debian's folders and ROCm's own.
    private static IEnumerable<string> Compilers(string root) =>
    [
        .. Tool.PathFolders.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "clang-*"))
            .Concat(Subfolders(Path.Combine(root, "usr", "lib"), "llvm-*").Select(folder => Path.Combine(folder, "bin", "clang")))
            .Where(File.Exists)
            .Select(file => (File: file, Version: NumberIn(file)))
            .Where(clang => clang.Version >= LeastVersion)
            .OrderByDescending(clang => clang.Version)
            .Select(clang => clang.File),
        .. new[] { Tool.Find("clang") }.OfType<string>(),
        .. Rocm(root).Select(rocm => Path.Combine(rocm, "llvm", "bin", "clang")).Where(File.Exists),
    ];

    private static IEnumerable<string> Folders(string root)
    {
        string libraries = Path.Combine(root, "usr", "lib");
        return Rocm(root).Concat(Subfolders(libraries, "*-linux-gnu")).Append(libraries).Append($"{libraries}64")
            .Select(folder => Path.Combine(folder, "amdgcn", "bitcode"))
            .Where(folder => File.Exists(Path.Combine(folder, "opencl.bc")));
    }

    private static IEnumerable<string> Rocm(string root) =>
        Subfolders(Path.Combine(root, "opt"), "rocm*").OrderDescending(StringComparer.Ordinal);

    private static IEnumerable<string> Subfolders(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, pattern) : [];

    // 19 for clang-19 and for llvm-19/bin/clang; 0 for other tools, such as clang-format-19.
    private static int NumberIn(string file) => CompilerName().Match(file) is { Success: true } match
        ? int.Parse(match.Groups["version"].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"version (?<version>\d+(\.\d+)*)")]
    private static partial Regex VersionText();

    [GeneratedRegex(@"(llvm-(?<version>\d{1,4})/bin/clang|/clang-(?<version>\d{1,4}))\z")]
    private static partial Regex CompilerName();

    [GeneratedRegex(@"\bs_swappc_b64\b")]
    private static partial Regex Call();
}
