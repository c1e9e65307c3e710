using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>Takes what passes make of a prompt besides its last logits.</summary>
internal abstract class PromptReader
{
    /// <summary>Reads a chunk of the prompt that the last pass has computed.</summary>
    /// <param name="first">The chunk's first token, in the order of the pass.</param>
    /// <param name="position">The chunk's first token, in the prompt.</param>
    /// <param name="logits">Room for one row of logits.</param>
    public abstract void Read(IBatchModel model, int first, int position, int count, float[] logits);
}
