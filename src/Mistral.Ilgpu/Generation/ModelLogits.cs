using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

internal sealed class ModelLogits(ModelText text) : ILogitSource
{
    public int VocabularySize => text.Model.Config.VocabularySize;

    public int? Context => text.Model.Context;

    public int Position => text.Position;

    public void Forward(ReadOnlySpan<int> ids, TokenChoice choice, CancellationToken cancellation) =>
        text.Forward(ids, choice, cancellation);

    public int Choose() => text.Choose();

    public void ReadLogits(Span<float> logits) => text.ReadLogits(logits);

    public void End() => text.CheckCache();
}
