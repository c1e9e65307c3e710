using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>
/// How near our logits come to llama.cpp's on the same file, over random models of odd shapes. It is the relative L2 of the last
/// position's, typical and worst, for each type.
/// </summary>
/// <param name="device">As mistral takes it.</param>
/// <param name="harness"> A folder with two programs over llama.cpp: <c>mkrandom</c> writes a random model, <c>peer</c> quantizes
/// one and prints logits. </param>
/// <param name="vocabulary">A GGUF file whose tokenizer the models get.</param>
internal sealed class LogitsReport(ComputeDevice device, string harness, string vocabulary) : IDisposable
{
    private const string Sentence = "Once upon a time there was a fox who asked Sophie for seven red apples and a map. ";

    // Numbers that llama.cpp's quantizer has for the types, and how many weights a row is a multiple of.
    private static readonly (string Name, int Number, int Block)[] Types =
    [
        ("F16", 1, 32), ("BF16", 32, 32), ("Q8_0", 7, 32), ("Q4_0", 2, 32), ("Q4_1", 3, 32), ("Q5_0", 8, 32), ("Q5_1", 9, 32),
        ("IQ4_NL", 25, 32),
        ("IQ4_XS", 30, 256), ("Q2_K", 10, 256), ("Q3_K", 12, 256), ("Q4_K", 15, 256), ("Q5_K", 17, 256), ("Q6_K", 18, 256),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("mistral-logits-").FullName;

    private string Made => Path.Combine(_folder, "made.gguf");

    /// <param name="count">Of shapes for each type.</param>
    /// <param name="progress">Where each figure goes as soon as it is known.</param>
    public void Write(TextWriter output, TextWriter progress, int count)
    {
        var errors = new List<(string Type, Shape Shape, double Error)>();
        foreach (var types in Types.GroupBy(type => type.Block))
        {
            foreach (var shape in Enumerable.Range(1, count).Select(seed => Shape.Random(seed, types.Key)))
            {
                Make(shape);
                foreach (var (name, number, _) in types)
                {
                    errors.Add((name, shape, Measure(shape, number)));
                    progress.WriteLine($"{name}: {Text(errors[^1].Error)}, {shape}");
                }
            }
        }

        output.Write("| type | typical | 95 % within | worst | of the shape |\n|---|---|---|---|---|\n");
        foreach (var type in errors.GroupBy(error => error.Type))
        {
            var sorted = type.OrderBy(error => error.Error).ToList();
            var (typical, most, worst) = (sorted[count / 2], sorted[count * 95 / 100], sorted[^1]);
            output.Write($"| {type.Key} | {Text(typical.Error)} | {Text(most.Error)} | {Text(worst.Error)} | {worst.Shape} |\n");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Text(double error) => error.ToString("0.0e0", CultureInfo.InvariantCulture);

    private void Make(Shape shape)
    {
        int[] sizes = [shape.Heads * shape.HeadDim, shape.FeedForward, shape.Layers, shape.Heads, shape.KvHeads];
        // A context of 512, a rope base of 1e6, float32, an output matrix of its own.
        int[] numbers = [.. sizes, 512, 1_000_000, 0, 1, shape.Seed];
        Run("mkrandom", [Made, vocabulary, .. numbers.Select(number => number.ToString(CultureInfo.InvariantCulture))]);
    }

    private double Measure(Shape shape, int type)
    {
        string file = Path.Combine(_folder, "model.gguf");
        Run("peer", ["quant", Made, file, type.ToString(CultureInfo.InvariantCulture), "1"]);
        string prompt = string.Concat(Enumerable.Repeat(Sentence, 1 + (shape.Seed % 3)));
        using var expected = JsonDocument.Parse(Run("peer", ["logits", file, prompt, "1"]));
        double[] theirs =
            [.. expected.RootElement.GetProperty("logits_last").EnumerateArray().Select(value => value.GetDouble())];
        using var checkpoint = Checkpoint.Open(file);
        using var model = MistralModel.Load(checkpoint, device, new ModelOptions());
        using var text = new ModelText(model);
        text.Forward([.. expected.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]);
        var ours = new float[theirs.Length];
        text.ReadLogits(ours);
        return Math.Sqrt(theirs.Zip(ours, (a, b) => (a - b) * (a - b)).Sum() / theirs.Sum(value => value * value));
    }

    private string Run(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(harness, program), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["LLAMA_LIBS"] = Directory.EnumerateFiles(harness, "libggml-base.so", SearchOption.AllDirectories)
            .Select(Path.GetDirectoryName).FirstOrDefault();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error.Result}");
    }

    private sealed record Shape(int Seed, int Layers, int Heads, int KvHeads, int HeadDim, int FeedForward)
    {
        private const int MostColumns = 768;

        /// <summary>Rows and feed-forward of a few blocks each, heads of any width that is a multiple of 16.</summary>
        public static Shape Random(int seed, int block)
        {
            var random = new Random(seed);
            while (true)
            {
                int heads = random.Next(1, 17);
                int headDim = 16 * random.Next(1, 9);
                int[] groups = [.. Enumerable.Range(1, heads).Where(group => heads % group == 0)];
                int feedForward = block * random.Next(1, 1 + (MostColumns / block));
                var shape = new Shape(seed, random.Next(1, 7), heads, groups[random.Next(groups.Length)], headDim, feedForward);
                if (heads * headDim % block == 0 && heads * headDim <= MostColumns)
                {
                    return shape;
                }
            }
        }

        public override string ToString() =>
            $"layers {Layers}, heads {Heads} of {HeadDim}, of keys {KvHeads}, feed-forward {FeedForward}, seed {Seed}";
    }
}
