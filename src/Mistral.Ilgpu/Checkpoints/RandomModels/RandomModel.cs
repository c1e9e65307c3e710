using System.Globalization;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Checkpoints.Native;
using Mistral.Ilgpu.Tokenization;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Checkpoints.RandomModels;

/// <summary>
/// A model of random weights: <c>random:NAME[:TYPE]</c>. NAME is one of <see cref="FamilyShapes"/> or the path of a params.json.
/// It has the speed and memory of the real model.
/// </summary>
internal static class RandomModel
{
    public const string Prefix = "random:";

    private const uint Seed = 20230927;

    // These limits are needed, because there are no files whose sizes bound the shape.
    private const int MostLayers = 4096;
    private const long MostParameters = 1L << 44;

    public static bool IsNamed(string model) => model.StartsWith(Prefix, StringComparison.Ordinal);

    public static ModelSource Open(string model)
    {
        string name = model[Prefix.Length..];
        var format = TensorFormat.BFloat16;
        // A path may contain colons.
        if (name.LastIndexOf(':') is > 0 and var colon && !File.Exists(name))
        {
            string type = name[(colon + 1)..];
            (name, format) = (name[..colon], TensorFormatExtensions.FromShortName(type.ToLowerInvariant())
                ?? throw new ModelFileException(
                    model,
                    $"found type '{type}', "
                    + $"expected {string.Join(", ", Enum.GetValues<TensorFormat>().Select(known => known.ShortName()))}"));
        }

        var config = FamilyShapes.ByName.TryGetValue(name, out var shape) ? shape : ReadShape(model, name);
        var expected = TensorNames.Gguf(config).ToList();
        return new ModelSource(
            model, model, "random weights", config, expected,
            expected.Select((tensor, index) => Store(tensor, format, index)), () => Vocabulary(config.VocabularySize, model));
    }

    private static ModelConfig ReadShape(string model, string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelFileException(
                model,
                $"found no shape '{path}', expected {string.Join(", ", FamilyShapes.ByName.Keys)}, or the path of a params.json, "
                + "then :TYPE if not bf16");
        }

        using var files = ModelFiles.InFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string file = Path.GetFileName(path);
        byte[] json = files.ReadRequired(file);
        var config = file == HuggingFaceFolder.ConfigFile ? HuggingFaceConfig.Read(json, path) : MistralParams.Read(json, path);
        return config.LayerCount <= MostLayers
            && TensorNames.Gguf(config).Sum(tensor => (long)tensor.Rows * tensor.Columns) <= MostParameters
            ? config
            : throw new ModelFileException(
                path,
                $"found a shape of {config.LayerCount} layers, expected at most {MostLayers}, "
                + $"and {MostParameters} parameters in all of them");
    }

    private static StoredTensor Store(ExpectedTensor tensor, TensorFormat format, int index)
    {
        var own = tensor.Rows == 1 ? TensorFormat.Float32
            : tensor.Columns % format.BlockLength() == 0 ? format
            : TensorFormat.BFloat16;
        var source = new RandomTensor(tensor.Name, own, tensor.Rows, tensor.Columns, RandomBits.Word(Seed, (uint)index));
        long[] shape = tensor.Rows == 1 ? [tensor.Columns] : [tensor.Rows, tensor.Columns];
        return new StoredTensor(tensor.SourceName, own.StoredName(), shape, source, 0, source.Length) { Scale = source.Scale };
    }

    /// <summary>A vocabulary of all bytes, filled up with pieces that occur in no text.</summary>
    private static SentencePieceBpe Vocabulary(int size, string model)
    {
        const int Bytes = 256;
        var pieces = new PieceModel();
        pieces.Add("<unk>", 0, PieceType.Unknown);
        pieces.Add("<s>", 0, PieceType.Control);
        pieces.Add("</s>", 0, PieceType.Control);
        for (int value = 0; value < Bytes; value++)
        {
            pieces.Add(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), 0, PieceType.Byte);
        }

        while (pieces.Count < size)
        {
            pieces.Add(string.Create(CultureInfo.InvariantCulture, $"▁w{pieces.Count}"), -pieces.Count, PieceType.Normal);
        }

        return pieces.Build(model, null, null, hasDummyPrefix: true);
    }
}
