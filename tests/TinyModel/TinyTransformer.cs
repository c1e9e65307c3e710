using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>
/// Mistral in TorchSharp, with Hugging Face's tensor names and its split-halves RoPE. It is also a reference that shares no code
/// with the runtime. Rows of tokens may hold several documents; none sees another.
/// </summary>
public sealed class TinyTransformer
{
    private readonly Dictionary<string, Parameter> _parameters = [];

    public TinyTransformer(long seed)
    {
        using var generator = new Generator((ulong)seed);
        const double Residual = 0.02 / 3.5; // 0.02 / √(2 · layers): GPT-2's scale for what adds to the residual
        Add("model.embed_tokens.weight", 0.02, Shape.Vocabulary, Shape.Dim);
        for (int layer = 0; layer < Shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            Ones(prefix + "input_layernorm.weight");
            Add(prefix + "self_attn.q_proj.weight", 0.04, Shape.Heads * Shape.HeadDim, Shape.Dim);
            Add(prefix + "self_attn.k_proj.weight", 0.04, Shape.KvHeads * Shape.HeadDim, Shape.Dim);
            Add(prefix + "self_attn.v_proj.weight", 0.04, Shape.KvHeads * Shape.HeadDim, Shape.Dim);
            Add(prefix + "self_attn.o_proj.weight", Residual, Shape.Dim, Shape.Heads * Shape.HeadDim);
            Ones(prefix + "post_attention_layernorm.weight");
            Add(prefix + "mlp.gate_proj.weight", 0.04, Shape.FeedForward, Shape.Dim);
            Add(prefix + "mlp.up_proj.weight", 0.04, Shape.FeedForward, Shape.Dim);
            Add(prefix + "mlp.down_proj.weight", Residual, Shape.Dim, Shape.FeedForward);
        }

        Ones("model.norm.weight");
        Add("lm_head.weight", 0.02, Shape.Vocabulary, Shape.Dim);

        void Add(string name, double scale, params long[] shape)
        {
            var values = randn(shape, generator: generator).mul_(scale);
            _parameters[name] = nn.Parameter(values);
        }

        void Ones(string name) => _parameters[name] = nn.Parameter(ones(Shape.Dim));
    }

    public IReadOnlyDictionary<string, Parameter> Parameters => _parameters;

    /// <param name="ids">batch × length, length a multiple of the window.</param>
    /// <param name="documents">batch × length: which document each token belongs to.</param>
    /// <param name="positions">batch × length: each token's position in its document.</param>
    /// <returns>Logits: batch × length × vocabulary.</returns>
    public Tensor Forward(Tensor ids, Tensor documents, Tensor positions)
    {
        using var mask = BlockMask(documents, positions);
        var (cos, sin) = Angles(positions);
        var x = this["model.embed_tokens.weight"].index_select(0, ids.view(-1)).view(ids.shape[0], ids.shape[1], Shape.Dim);
        for (int layer = 0; layer < Shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            x = x + Attention(prefix + "self_attn.", Norm(x, prefix + "input_layernorm.weight"), mask, cos, sin);
            x = x + FeedForward(prefix + "mlp.", Norm(x, prefix + "post_attention_layernorm.weight"));
        }

        return Linear(Norm(x, "model.norm.weight"), "lm_head.weight");
    }

    private Tensor this[string name] => _parameters[name];

    private Tensor Linear(Tensor x, string name) => nn.functional.linear(x, this[name]);

    private Tensor Norm(Tensor x, string name) =>
        x * rsqrt(x.square().mean([-1], keepdim: true) + Shape.Epsilon) * this[name];

    private Tensor FeedForward(string prefix, Tensor x) => Linear(
        nn.functional.silu(Linear(x, prefix + "gate_proj.weight")) * Linear(x, prefix + "up_proj.weight"),
        prefix + "down_proj.weight");

    // With a window of W a query sees its own block of W positions and the one before. Those are two blocks in place of the whole
    // row.
    private Tensor Attention(string prefix, Tensor x, Tensor mask, Tensor cos, Tensor sin)
    {
        long batch = x.shape[0];
        long blocks = x.shape[1] / Shape.Window;
        var q = Rotate(Heads(x, prefix + "q_proj.weight", Shape.Heads), cos, sin);
        var k = Rotate(Heads(x, prefix + "k_proj.weight", Shape.KvHeads), cos, sin);
        var v = Heads(x, prefix + "v_proj.weight", Shape.KvHeads);
        // Query heads that share a kv head become rows of one product: 4 × 64 queries against 128 keys.
        const int Group = Shape.Heads / Shape.KvHeads;
        var queries = q.view(batch, blocks, Shape.Window, Shape.KvHeads, Group, Shape.HeadDim).permute(0, 1, 3, 4, 2, 5)
            .reshape(batch * blocks, Shape.KvHeads, Group * Shape.Window, Shape.HeadDim);
        var scores = queries.matmul(WithPrevious(k, blocks).transpose(-1, -2)) * (1 / Math.Sqrt(Shape.HeadDim));
        var weights = (scores.view(-1, Shape.KvHeads, Group, Shape.Window, 2 * Shape.Window) + mask).softmax(-1);
        var mixed = weights.view(-1, Shape.KvHeads, Group * Shape.Window, 2 * Shape.Window).matmul(WithPrevious(v, blocks));
        var rows = mixed.view(batch, blocks, Shape.KvHeads, Group, Shape.Window, Shape.HeadDim).permute(0, 1, 4, 2, 3, 5)
            .reshape(batch, blocks * Shape.Window, Shape.Heads * Shape.HeadDim);
        return Linear(rows, prefix + "o_proj.weight");
    }

    private Tensor Heads(Tensor x, string name, int heads) => Linear(x, name).view(x.shape[0], x.shape[1], heads, Shape.HeadDim);

    private static Tensor WithPrevious(Tensor x, long blocks)
    {
        var blocked = x.view(x.shape[0], blocks, Shape.Window, Shape.KvHeads, Shape.HeadDim);
        var previous = cat([zeros_like(blocked.narrow(1, 0, 1)), blocked.narrow(1, 0, blocks - 1)], 1);
        return cat([previous, blocked], 2).permute(0, 1, 3, 2, 4)
            .reshape(x.shape[0] * blocks, Shape.KvHeads, 2 * Shape.Window, Shape.HeadDim);
    }

    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var halves = x.chunk(2, -1);
        return cat([(halves[0] * cos) - (halves[1] * sin), (halves[1] * cos) + (halves[0] * sin)], -1);
    }

    private static (Tensor Cos, Tensor Sin) Angles(Tensor positions)
    {
        var frequencies = pow(Shape.Theta, arange(0, Shape.HeadDim, 2).to(float32) / -Shape.HeadDim);
        var angles = positions.to(float32).unsqueeze(-1).unsqueeze(-1) * frequencies;
        return (angles.cos(), angles.sin());
    }

    /// <summary>0 where a query sees a key and −∞ elsewhere: batch·blocks × 1 × 1 × 64 × 128.</summary>
    private static Tensor BlockMask(Tensor documents, Tensor positions)
    {
        long batch = documents.shape[0];
        long blocks = documents.shape[1] / Shape.Window;
        var (document, position) = (documents.view(batch, blocks, Shape.Window), positions.view(batch, blocks, Shape.Window));
        var keyDocument = cat([full_like(document.narrow(1, 0, 1), -1), document.narrow(1, 0, blocks - 1)], 1);
        var keyPosition = cat([zeros_like(position.narrow(1, 0, 1)), position.narrow(1, 0, blocks - 1)], 1);
        keyDocument = cat([keyDocument, document], 2).unsqueeze(2);
        keyPosition = cat([keyPosition, position], 2).unsqueeze(2);
        var distance = position.unsqueeze(3) - keyPosition;
        var visible = document.unsqueeze(3).eq(keyDocument).logical_and(distance.ge(0)).logical_and(distance.lt(Shape.Window));
        return zeros(batch, blocks, Shape.Window, 2 * Shape.Window).masked_fill_(visible.logical_not(), double.NegativeInfinity)
            .view(batch * blocks, 1, 1, Shape.Window, 2 * Shape.Window);
    }
}
