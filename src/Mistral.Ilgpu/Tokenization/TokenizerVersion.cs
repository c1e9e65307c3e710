namespace Mistral.Ilgpu.Tokenization;

/// <summary>Which version of mistral-common a tokenizer was made for, such as <c>v3</c>: it names the chat format.</summary>
internal static class TokenizerVersion
{
    /// <summary>The first version whose conversations may ask for a reasoning effort.</summary>
    public const string WithSettings = "v15";

    /// <summary>The version that the tokenizer's file names, else the one that its control tokens tell.</summary>
    public static string Of(TextTokenizer tokenizer) =>
        tokenizer.DeclaredVersion ?? Of(control => tokenizer.FindControl(control) >= 0);

    /// <summary>The version that has these control tokens.</summary>
    public static string Of(Func<string, bool> has) =>
        has("[ARGS]") ? has("[MODEL_SETTINGS]") ? WithSettings : has("[THINK]") ? "v13" : "v11"
        : has("[SYSTEM_PROMPT]") ? "v7"
        : has("[PREFIX]") ? "v3"
        : has("[INST]") ? "v2" : "v1";

    /// <summary>The version that a chat template was written for; null where it is none of Mistral's.</summary>
    /// <remarks>A template names the control tokens that it writes, not all that the vocabulary has.</remarks>
    public static string? OfTemplate(string template)
    {
        return !Has("[INST]") ? null
            : !Has("[ARGS]") ? Has("[SYSTEM_PROMPT]") ? "v7" : Has("[AVAILABLE_TOOLS]") ? "v3" : "v2"
            : Has("[MODEL_SETTINGS]") ? WithSettings
            : Has("[CALL_ID]") && !Has("[THINK]") ? "v11" : "v13";

        bool Has(string control) => template.Contains(control, StringComparison.Ordinal);
    }
}
