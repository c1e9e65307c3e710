using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>What one layout of files states about a model, before its parts are checked against each other.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Location">The file or folder, for messages.</param>
/// <param name="Layout">The layout, for people.</param>
/// <param name="Expected">Every tensor that the configuration requires, by its name in this layout.</param>
/// <param name="Stored">Every tensor in the files.</param>
/// <param name="LoadTokenizer">Reads the tokenizer.</param>
internal sealed record ModelSource(
    string Name,
    string Location,
    string Layout,
    ModelConfig Config,
    IEnumerable<ExpectedTensor> Expected,
    IEnumerable<StoredTensor> Stored,
    Func<TextTokenizer> LoadTokenizer);
