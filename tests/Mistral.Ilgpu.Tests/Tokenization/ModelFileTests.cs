using System.IO.Compression;
using Google.Protobuf;
using Mistral.Ilgpu.Tokenization;
using Mistral.Ilgpu.Tokenization.Proto;
using Xunit;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class ModelFileTests
{
    private static readonly (string, float)[] SomePieces = [("▁", -1), ("a", -2), ("▁a", -3)];

    [Fact]
    public void Load_TruncatedAtEveryLength_IsRefused()
    {
        var whole = SmallModel.Proto(SomePieces).ToByteArray();
        for (var length = 0; length < whole.Length; length++)
        {
            var part = whole[..length];
            var exception = Record.Exception(() => SmallModel.Load(part));
            Assert.True(exception is ModelFileException, $"{length} of {whole.Length} bytes: {exception?.Message ?? "loaded"}");
        }

        Assert.Equal(262, SmallModel.Load(whole).VocabularySize);
    }

    [Theory]
    [InlineData(65, "found more than 67108864 bytes when unpacked")]
    [InlineData(63, "expected a SentencePiece model")]
    public void Load_PackedBytesOfNoUse_IsRefusedWithinItsMemory(int mebibytes, string message)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(new byte[mebibytes << 20]);
        }

        byte[] bytes = packed.ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            message, Assert.Throws<ModelFileException>(() => TokenizerFile.Load(bytes, "packed.model", null)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256L << 20);
    }

    [Fact]
    public void Load_NameWithHalfASurrogatePair_IsRefused() =>
        Assert.Contains("tekken.json: not valid JSON", Assert.Throws<ModelFileException>(
        () => TokenizerFile.Load("""{"\ud800config": {}}"""u8.ToArray(), "tekken.json", null)).Message);

    [Fact]
    public void Load_Garbage_IsRefused() => Seeded.Run(500, random =>
    {
        var garbage = new byte[random.Next(1, 4000)];
        random.NextBytes(garbage);
        var exception = Assert.Throws<ModelFileException>(() => SmallModel.Load(garbage));
        Assert.Equal("small.model", exception.File);
        Assert.StartsWith("small.model: ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    });

    [Fact]
    public void Load_DamagedBytes_IsRefusedOrWorks() => Seeded.Run(2000, random =>
    {
        var damaged = SmallModel.Proto(SomePieces).ToByteArray();
        for (var i = random.Next(1, 8); i > 0; i--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        try
        {
            var tokenizer = SmallModel.Load(damaged);
            tokenizer.Decode(tokenizer.EncodeToIds(random.Text(40)));
        }
        catch (ModelFileException)
        {
        }
    });

    private static readonly (string Message, Action<ModelProto> Change)[] Unsupported =
    [
        ("model type UNIGRAM, expected BPE", model => model.TrainerSpec.ModelType = TrainerSpec.Types.ModelType.Unigram),
        ("model type WORD, expected BPE", model => model.TrainerSpec.ModelType = TrainerSpec.Types.ModelType.Word),
        ("model type CHAR, expected BPE", model => model.TrainerSpec.ModelType = TrainerSpec.Types.ModelType.Char),
        ("model type UNIGRAM, expected BPE", model => model.TrainerSpec.ClearModelType()),
        ("no trainer settings", model => model.TrainerSpec = null),
        ("no normalizer settings", model => model.NormalizerSpec = null),
        ("treated as a suffix", model => model.TrainerSpec.TreatWhitespaceAsSuffix = true),
        ("removes extra whitespace", model => model.NormalizerSpec.ClearRemoveExtraWhitespaces()),
        ("spaces unescaped", model => model.NormalizerSpec.EscapeWhitespaces = false),
        ("normalizer 'nmt_nfkc', expected identity", model => model.NormalizerSpec = Charsmap(model.NormalizerSpec)),
        ("denormalizer 'nmt_nfkc'", model => model.DenormalizerSpec = Charsmap(model.NormalizerSpec)),
        ("no pieces", model => model.Pieces.Clear()),
        ("piece 262 is empty", model => model.With("", PieceType.Normal)),
        ("'▁a' was already defined", model => model.With("▁a", PieceType.Normal)),
        ("not a number", model => model.With("b", PieceType.Normal, float.NaN)),
        ("has type 9", model => model.With("b", (PieceType)9)),
        ("both of type UNKNOWN", model => model.With("b", PieceType.Unknown)),
        ("no piece of type UNKNOWN", model => model.Pieces.RemoveAt(0)),
        ("without the piece <0x00>", model => model.Pieces.RemoveAt(3)),
        ("byte pieces without byte fallback", model => model.TrainerSpec.ByteFallback = false),
        ("'<0xXY>', expected the form <0x0A>", model => model.With("<0xXY>", PieceType.Byte)),
    ];

    [Fact]
    public void Load_UnsupportedModel_IsRefusedByName()
    {
        foreach (var (message, change) in Unsupported)
        {
            var model = SmallModel.Proto(SomePieces);
            change(model);
            Assert.Contains(message, Assert.Throws<ModelFileException>(model.Load).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_LineBreaksQuotedFromAFile_MessageIsOneLine()
    {
        var model = SmallModel.Proto(("b\r\nc", -1), ("b\r\nc", -1));
        Assert.Contains("'b c'", Assert.Throws<ModelFileException>(model.Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_PathWithoutAFile_IsRefusedByName()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "absent", "tokenizer.model");
        var exception = Assert.Throws<ModelFileException>(() => SentencePieceBpe.Load(path));
        Assert.Equal((path, $"{path}: no such file, expected a SentencePiece model"), (exception.File, exception.Message));
    }

    [Fact]
    public void Load_PathOfAFolder_IsRefused() =>
        Assert.Throws<ModelFileException>(() => SentencePieceBpe.Load(AppContext.BaseDirectory));

    [Fact]
    public void Load_Path_GivesTheFilesModel()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, SmallModel.Proto(SomePieces).ToByteArray());
            Assert.Equal(["▁a"], SentencePieceBpe.Load(path).Pieces("a"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static NormalizerSpec Charsmap(NormalizerSpec normalizer) =>
        new(normalizer) { Name = "nmt_nfkc", PrecompiledCharsmap = ByteString.CopyFromUtf8("x") };
}
