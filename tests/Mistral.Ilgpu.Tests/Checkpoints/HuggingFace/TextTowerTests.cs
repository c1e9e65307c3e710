using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Checkpoints.Conversion;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.HuggingFace;

/// <summary>Checkpoints of text and images, of which the text tower is read.</summary>
public sealed class TextTowerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // As files are released, and as transformers has named their tensors since.
    [Theory]
    [InlineData("language_model.model.", "language_model.lm_head.", "", false)]
    [InlineData("model.language_model.", "lm_head.", "model.", false)]
    [InlineData("language_model.model.", "language_model.lm_head.", "", true)]
    [InlineData("model.language_model.", "lm_head.", "model.", true)]
    public void Open_TextAndImages_HasTheTensorsOfTheText(string text, string output, string images, bool tied)
    {
        using var plain = Write("plain", tied, null);
        using var tower = Write("tower", tied, name => name switch
        {
            _ when name.StartsWith("model.", StringComparison.Ordinal) => text + name["model.".Length..],
            _ when name.StartsWith("lm_head.", StringComparison.Ordinal) => output + name["lm_head.".Length..],
            _ => images + name,
        });
        Assert.Equal(("Hugging Face", "Hugging Face, the text tower alone"), (plain.Layout, tower.Layout));
        Assert.Equal(plain.Tensors.Keys.Order(), tower.Tensors.Keys.Order());
        Assert.All(plain.Tensors, tensor => Assert.Equal(
            ConvertedModel.Bytes(tensor.Value, TensorFormat.Float32),
            ConvertedModel.Bytes(tower.Tensors[tensor.Key], TensorFormat.Float32)));
        Assert.Equal(text + "norm.weight", tower.Tensors[TensorNames.Norm].SourceName);
    }

    [Fact]
    public void Open_TensorsForImagesInATextModel_AreRefused() => Assert.Contains(
        "multi_modal_projector.linear_1.weight: found a tensor that a Mistral of this configuration does not have",
        Assert.Throws<ModelFileException>(() => Write("plain", false, name => name)).Message);

    private Checkpoint Write(string name, bool tied, Func<string, string>? rename)
    {
        var random = new RandomCheckpoint(3) { Shards = rename is null ? 1 : 2 };
        // An embedding that is tied is stored twice by some writers.
        random.Config["tie_word_embeddings"] = false;
        random.Damage = tensors =>
        {
            if (rename is null)
            {
                return;
            }

            tensors.Add("vision_tower.patch_conv.weight", ("F32", [1], new byte[4]));
            tensors.Add("multi_modal_projector.linear_1.weight", ("F32", [1], new byte[4]));
            foreach (var (key, tensor) in tensors.ToList())
            {
                tensors.Remove(key);
                tensors.Add(rename(key), tensor);
            }
        };
        random.Write(_folder.File(name));
        if (tied)
        {
            string config = _folder.File($"{name}/config.json");
            string json = File.ReadAllText(config);
            File.WriteAllText(config, json.Replace("embeddings\":false", "embeddings\":true", StringComparison.Ordinal));
        }

        return Checkpoint.Open(_folder.File(name));
    }
}
