using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>A model in a GGUF file, or in the parts of a split GGUF file.</summary>
internal static partial class GgufModel
{
    private const string SplitCount = "split.count";
    private const string SplitNumber = "split.no";

    public static ModelSource Open(ModelFiles files, string file)
    {
        var first = GgufFile.Read(files.Keep(file));
        int count = first.Metadata.Count(SplitCount, 0) ?? 0;
        var parts = count > 1 ? OpenSplit(files, file, first, count) : [first];
        var metadata = parts[0].Metadata;
        var tensors = parts.SelectMany(part => part.Tensors).ToList();
        string output = TensorNames.GgufName(TensorNames.Output);
        var config = GgufConfig.Read(metadata, tied: tensors.TrueForAll(tensor => tensor.Name != output));
        if (tensors.Find(tensor => tensor.Name == GgufRope.DivisorsName) is { } divisors)
        {
            tensors.Remove(divisors);
            config = config with { RopeScaling = GgufRope.OfDivisors(divisors, config) };
        }

        string name = metadata.Text("general.name") is { Length: > 0 } named ? named : Path.GetFileNameWithoutExtension(file);
        return new ModelSource(
            name, files.PathOf(file), "GGUF", config, TensorNames.Gguf(config), tensors, () => GgufTokenizer.Load(metadata));
    }

    private static List<GgufFile> OpenSplit(ModelFiles files, string file, GgufFile given, int count)
    {
        var match = SplitName().Match(file);
        if (!match.Success || int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture) != count)
        {
            throw given.Metadata.Error(
                SplitCount, (double)count, "a file named NAME-00001-of-00002.gguf by its number and the count");
        }

        var parts = new List<GgufFile>();
        for (int i = 0; i < count; i++)
        {
            string name = string.Create(
                CultureInfo.InvariantCulture, $"{match.Groups["name"].Value}-{i + 1:00000}-of-{count:00000}.gguf");
            var part = name == file ? given : GgufFile.Read(files.Keep(name));
            int number = part.Metadata.Count(SplitNumber, 0) ?? -1;
            parts.Add(number == i ? part : throw part.Metadata.Error(SplitNumber, (double)number, $"{i}, as its name says"));
        }

        return parts;
    }

    [GeneratedRegex(@"^(?<name>.+)-[0-9]{5}-of-(?<count>[0-9]{5})\.gguf\z")]
    private static partial Regex SplitName();
}
