using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// The reasoning efforts that a model was trained with, as <c>model_settings_builder</c> of a tekken.json states them.
/// </summary>
/// <param name="Values">The efforts that a conversation may ask for.</param>
/// <param name="IsOptional">Whether a conversation may ask for none of them.</param>
/// <param name="Default">The effort of a conversation that asks for none; null: no effort is written.</param>
internal sealed record ReasoningEfforts(IReadOnlyList<string> Values, bool IsOptional, string? Default)
{
    public const string Field = "model_settings_builder";

    private const string Effort = "reasoning_effort";

    /// <summary>What Mistral's published templates of v15 take: files without <c>model_settings_builder</c> come with one of
    /// these.</summary>
    public static ReasoningEfforts OfTemplates { get; } = new(["none", "high"], IsOptional: true, "none");

    /// <param name="settings">The value of <c>model_settings_builder</c>.</param>
    /// <returns>Null where no effort is stated: a conversation cannot ask for one.</returns>
    /// <exception cref="ModelFileException">The value is damaged, or states settings that are not known here.</exception>
    public static ReasoningEfforts? Read(JsonElement settings, string source)
    {
        var fields = new JsonFields(settings, $"{source}: {Field}");
        foreach (var (name, value) in fields.All)
        {
            if (name != Effort) throw fields.Error(name, value, $"{Effort} alone");
        }

        if (fields.Object(Effort) is not { } effort) return null;
        if (effort.Text("type") is { } type and not "enum") throw effort.Error("type", type, "enum");
        var values = effort.Texts("values") ?? throw effort.Error("values", "nothing", "a list of efforts");
        bool isOptional = effort.Flag("accepts_none");
        string? preset = effort.Text("default");
        if (values.Distinct().Count() != values.Count || (values.Count == 0 && !isOptional))
        {
            throw effort.Error("values", effort.Find("values")!.Value, "distinct efforts, at least one where one is needed");
        }

        if (preset is not null && (!isOptional || !values.Contains(preset)))
        {
            throw effort.Error("default", preset, isOptional ? "one of values" : "none where accepts_none is false");
        }

        return new ReasoningEfforts(values, isOptional, preset);
    }

    /// <summary>The value of <c>model_settings_builder</c>.</summary>
    public static JsonObject Write(ReasoningEfforts? efforts) => efforts is null ? [] : new JsonObject
    {
        [Effort] = new JsonObject
        {
            ["type"] = "enum",
            ["values"] = new JsonArray([.. efforts.Values.Select(value => JsonValue.Create(value))]),
            ["accepts_none"] = efforts.IsOptional,
            ["default"] = efforts.Default,
        },
    };
}
