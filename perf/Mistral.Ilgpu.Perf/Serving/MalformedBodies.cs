namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>Bodies that a server must refuse.</summary>
internal static class MalformedBodies
{
    private static readonly string[] All =
    [
        "", "{", "[]", "null", """{"prompt":{}}""", """{"prompt":[1,"a"]}""", """{"prompt":[99999999]}""",
        """{"prompt":"x","max_tokens":"many"}""", """{"prompt":"x","max_tokens":-1}""", """{"prompt":"x","temperature":9}""",
        """{"prompt":"x","n":100000}""", """{"prompt":"x","stream":"yes"}""", """{"prompt":"x","model":"another"}""",
        $$"""{"prompt":"x","logit_bias":{{new string('[', 500)}}""",
    ];

    /// <summary>One of them.</summary>
    public static string At(Random random) => All[random.Next(All.Length)];
}
