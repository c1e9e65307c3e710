namespace Mistral.Ilgpu.Generation;

/// <summary>Which keys and values of other texts a text may share, so that they are not computed again.</summary>
public enum PrefixReuse
{
    /// <summary>Those of prompts that begin alike. Logits are the same, bit for bit, as without sharing.</summary>
    Prompts,

    /// <summary>Those of answers too, and this text's answer is kept for others. Generated tokens are rounded otherwise than
    /// those of prompts, so logits differ in their last digits from those of the text alone.</summary>
    PromptsAndAnswers,

    /// <summary>None.</summary>
    None,
}
