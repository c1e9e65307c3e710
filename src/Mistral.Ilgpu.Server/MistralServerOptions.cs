namespace Mistral.Ilgpu.Server;

/// <summary>How a server treats requests: the section <c>MistralServer</c> of the configuration.</summary>
public sealed class MistralServerOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "MistralServer";

    /// <summary>The models that are served, the first of which requests mean that name none. It is loaded at start, the others
    /// when a request names them. With none here the application's own model is served: the <see cref="LanguageModel"/> among its
    /// services.</summary>
    public IList<ServedModelOptions> Models { get; set; } = [];

    /// <summary>How long a model of <see cref="Models"/> may be without requests before it is unloaded, until the next request
    /// for it; null for any time.</summary>
    public TimeSpan? IdleUnload { get; set; }

    /// <summary>Keys that clients may send. With none here and no <see cref="ApiKeyFile"/>, no key is needed.</summary>
    public IList<string> ApiKeys { get; set; } = [];

    /// <summary>A file with one key in each line, which is read again when it changes; null for none. A line may begin with a
    /// name for the key. A key may be given as <c>sha256:</c> and the hash in hexadecimal digits.</summary>
    public string? ApiKeyFile { get; set; }

    /// <summary>Origins whose pages browsers let ask this server, such as <c>https://example.com</c>, or <c>*</c> for all; none
    /// unless given. The application adds ASP.NET Core's own middleware, <c>app.UseCors()</c>.</summary>
    public IList<string> AllowedOrigins { get; set; } = [];

    /// <summary>Keys that may also change what is served, such as load adapters. With none here and no
    /// <see cref="AdminKeyFile"/>, nobody may.</summary>
    public IList<string> AdminKeys { get; set; } = [];

    /// <summary>A file of such keys, as <see cref="ApiKeyFile"/>; null for none.</summary>
    public string? AdminKeyFile { get; set; }

    /// <summary>Requests that each key, or each address without keys, may send in a minute; null for any number.</summary>
    public int? RequestsPerMinute { get; set; }

    /// <summary>Tokens of prompts and answers that each key, or each address without keys, may use in a minute; null for any
    /// number.</summary>
    public int? TokensPerMinute { get; set; }

    /// <summary>Longest body of a request in bytes.</summary>
    public int MaxBodyBytes { get; set; } = 16 << 20;

    /// <summary>Longest prompt in tokens; null for what the context holds.</summary>
    public int? MaxPromptTokens { get; set; }

    /// <summary>Most answers to one request: prompts times <c>n</c>.</summary>
    public int MaxAnswers { get; set; } = 128;

    /// <summary>Longest JSON schema, grammar or regular expression of a request, in characters.</summary>
    public int MaxSchemaLength { get; set; } = 256 << 10;

    /// <summary>Deepest nesting of a request's JSON.</summary>
    public int MaxDepth { get; set; } = 64;

    /// <summary>Most tokens of an answer where a request names no number.</summary>
    public int DefaultMaxTokens { get; set; } = 4096;

    /// <summary>How often a stream that has nothing to say sends a comment, so that nobody takes it for dead.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long texts that run may go on once the application stops; the rest are ended with an error.</summary>
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(30);
}
