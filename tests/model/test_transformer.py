"""The cached decode is the full forward, for every shape; a future token changes nothing that is past."""

import pytest
import torch

from model.networks import NETWORKS, build
from model.networks.transformer import Cache, Transformer, TransformerConfig

TINY = {"vocabulary": 50, "width": 32, "layers": 2, "inner": 48, "heads": 4, "kv_heads": 2}


def network(**changes) -> Transformer:
    made = Transformer(TransformerConfig(**{**TINY, **changes}))
    made.initialise(torch.Generator().manual_seed(1))
    with torch.no_grad():       # larger weights, so that a wrong mask would show
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter *= 6
    return made.eval()


def ids(batch: int, time: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 50, (batch, time), generator=torch.Generator().manual_seed(seed))


def test_published_configuration_has_24003072_parameters():
    with torch.device("meta"):
        published = Transformer(TransformerConfig())
    assert sum(p.numel() for p in published.parameters()) == 24_003_072


@pytest.mark.parametrize("window", [5, 17, 4096])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("chunks", [[1] * 30, [12] + [1] * 18, [7, 9, 1, 1, 12]])
def test_cached_logits_are_the_full_forward(window, kv_heads, chunks):
    model, tokens = network(window=window, kv_heads=kv_heads), ids(3, 30)
    full = model(tokens)
    cache, pieces, start = Cache(model.config, 3, 30), [], 0
    for size in chunks:
        pieces.append(model(tokens[:, start : start + size], cache))
        start += size
    torch.testing.assert_close(torch.cat(pieces, 1), full, atol=1e-4, rtol=1e-4)


def test_last_only_is_the_last_position():
    model, tokens = network(), ids(2, 9)
    torch.testing.assert_close(model(tokens, last_only=True), model(tokens)[:, -1:])


@pytest.mark.parametrize("window", [6, 4096])
def test_a_future_token_changes_no_past_logit(window):
    model, tokens = network(window=window), ids(1, 24)
    changed = tokens.clone()
    changed[0, 15] = (changed[0, 15] + 1) % 50
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :15], after[:, :15])
    assert not torch.allclose(before[:, 15], after[:, 15])


def test_the_window_ends_where_it_should():
    model = network(window=4, layers=1)
    tokens = ids(1, 12)
    changed = tokens.clone()
    changed[0, 5] = (changed[0, 5] + 1) % 50
    moved = (model(tokens) - model(changed)).abs().amax(-1)[0] > 1e-6
    assert moved.nonzero().flatten().tolist() == [5, 6, 7, 8]


def test_a_row_of_a_batch_gets_what_it_gets_alone():
    model, tokens = network(), ids(4, 20)
    together = model(tokens)
    for row in range(4):
        alone = model(tokens[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-5, rtol=1e-5)


def test_the_loss_is_the_cross_entropy_of_the_next_id():
    model, tokens = network(), ids(2, 13)
    nats = model.nats(tokens)
    assert nats.shape == (2, 12, 1)
    expected = -model(tokens).log_softmax(-1)[:, :-1].gather(-1, tokens[:, 1:, None])
    torch.testing.assert_close(nats, expected, atol=1e-5, rtol=1e-5)


def test_a_network_makes_its_cache():
    model, tokens = network(), ids(1, 9)
    cache = model.cache(9)
    first, rest = model(tokens[:, :4], cache), model(tokens[:, 4:], cache)
    torch.testing.assert_close(torch.cat([first, rest], 1), model(tokens), atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="A cache holds 9 positions"):
        model(tokens[:, :1], cache)


def test_a_repeated_cache_continues_one_prompt_in_many_rows():
    model, tokens = network(), ids(1, 10)
    cache = Cache(model.config, 1, 16)
    model(tokens, cache)
    both = cache.repeat(2)
    new = torch.tensor([[3], [7]])
    rows = model(new, both)
    for row in range(2):
        whole = model(torch.cat([tokens, new[row : row + 1]], 1))[:, -1:]
        torch.testing.assert_close(rows[row : row + 1], whole, atol=1e-4, rtol=1e-4)


def test_wrong_input_is_named():
    model = network()
    with pytest.raises(ValueError, match=r"\(batch, time\); received \(5,\)"):
        model(torch.zeros(5, dtype=torch.long))
    with pytest.raises(ValueError, match="holds 4 positions; received 0 \\+ 5"):
        model(ids(1, 5), Cache(model.config, 1, 4))
    with pytest.raises(ValueError, match="multiple of kv_heads; received 4 and 3"):
        TransformerConfig(heads=4, kv_heads=3)
    with pytest.raises(ValueError, match="A network is one of transformer, compound; received 'lstm'"):
        build("lstm", {})
    with pytest.raises(ValueError, match="depth"):
        build("transformer", {"depth": 3})
    assert set(NETWORKS) == {"transformer", "compound"}
