using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>
/// What a change of structure must leave alone. There is a line for the text of each kernel form, and one for what each device
/// and family computes. Two lists of one machine are compared by <c>diff</c>. Texts are the same on every machine; logits are the
/// same bits on one kind of processor.
/// </summary>
internal static partial class HashReport
{
    private const int Architecture = 90;
    private const int OldestArchitecture = 70;
    private const int Tokens = 8;

    /// <summary>Hashes of the PTX and of the OpenCL C of every form that is not for the CPU accelerator alone.</summary>
    public static void WriteTexts(TextWriter output)
    {
        foreach (var form in KernelCatalog.All.Where(form => form.CpuOnly is null).OrderBy(form => form.Name, StringComparer.Ordinal))
        {
            // What a context made before would show in the text.
            using var code = new KernelCode();
            if (form.IsForOpenCl)
            {
                output.WriteLine($"{form.Name} opencl {Hash(code.OpenCl(form))}");
            }

            int architecture = form.IsFor(Architecture) ? Architecture : form.CudaArchitecture ?? OldestArchitecture;
            if (!form.NeedsLanes && !form.IsForAmd)
            {
                output.WriteLine($"{form.Name} sm_{architecture} {Hash(code.Ptx(form, architecture))}");
            }

            output.Flush();
        }
    }

    /// <summary>The greedy tokens, and a hash of all logits, of a model in every format on a device.</summary>
    /// <param name="request">As mistral takes it, or with the family whose forms it gets: <c>opencl=Gpu</c>.</param>
    /// <param name="data">The folder with a small random model in each format.</param>
    public static void WriteLogits(TextWriter output, string request, string data)
    {
        string[] parts = request.Split('=');
        KernelFamily? family = parts.Length > 1 ? Enum.Parse<KernelFamily>(parts[1], ignoreCase: true) : null;
        using var device = ComputeDevice.Open(parts[0], new DeviceOptions { Family = family });
        foreach (string file in Directory.EnumerateFiles(data, "*.gguf").Order(StringComparer.Ordinal))
        {
            using var logits = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".logits.json")));
            int[] prompt = [.. logits.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            using var checkpoint = Checkpoint.Open(file);
            WriteLogits(output, $"{request} {Path.GetFileName(file)}", device, checkpoint, null, prompt);
        }

        using var tiny = Checkpoint.Open(Checkpoint.Tiny);
        int[] story = [tiny.Tokenizer.BosId, .. tiny.Tokenizer.EncodeToIds("Once upon a time there was a fox who asked Sophie for seven red apples")];
        foreach (var type in TensorFormatExtensions.Encodable)
        {
            WriteLogits(output, $"{request} tiny:{type}", device, tiny, type, story);
        }
    }

    private static void WriteLogits(
        TextWriter output, string name, ComputeDevice device, Checkpoint checkpoint, TensorFormat? type, int[] prompt)
    {
        using var model = MistralModel.LoadUntested(checkpoint, device, new ModelOptions(type));
        using var text = new ModelText(model);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var logits = new float[checkpoint.Config.VocabularySize];
        var ids = new List<int>();
        int[] next = prompt;
        for (int token = 0; token < Tokens; token++)
        {
            text.Forward(next);
            text.ReadLogits(logits);
            hash.AppendData(MemoryMarshal.AsBytes<float>(logits));
            next = [logits.AsSpan().IndexOf(logits.Max())];
            ids.Add(next[0]);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {string.Join(',', ids)} {Short(hash.GetHashAndReset())}"));
        output.Flush();
    }

    // The compiler numbers names over all that it has seen, such as methods that it knows by themselves. Here they count from 0.
    private static string Hash(string text)
    {
        var numbers = new Dictionary<string, int>();
        string counted = NumbersOfNames().Replace(text, match =>
        {
            numbers.TryAdd(match.Value, numbers.Count);
            return numbers[match.Value].ToString(CultureInfo.InvariantCulture);
        });
        return Short(SHA256.HashData(Encoding.UTF8.GetBytes(counted)));
    }

    [GeneratedRegex(@"(?<=\b(?:L_|type_|var|\w*_kernel_|\w*Run_))\d+")]
    private static partial Regex NumbersOfNames();

    private static string Short(byte[] hash) => Convert.ToHexStringLower(hash.AsSpan(0, 8));
}
